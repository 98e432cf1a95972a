import math

import pytest
import torch

from ebmbench.studies.connections import (
    CONNECTIONS,
    Connection,
    gaussian_setting,
    network_setting,
    run,
)
from ebmbench.studies.connections.setting import Setting

SETTINGS = [network_setting(0), network_setting(1)]


@pytest.mark.parametrize("setting", SETTINGS, ids=["network-0", "network-1"])
@pytest.mark.parametrize("connection", CONNECTIONS, ids=lambda connection: connection.id)
def test_a_connection_holds_on_random_networks(connection: Connection, setting: Setting) -> None:
    outcome = run(connection, setting)
    assert outcome.holds, outcome


# Values for data N(0, 1) and the model N(0, 2), worked out by hand: J = x²/8 − 1/2, so E J = −3/8;
# D_F = 1/8; KL = ½ log 2 − ¼; the other model is N(0, 3).
CLOSED_FORM = {
    "T5": math.hypot(0.375, 0.375),
    "T7": -0.125,
    "T8": -0.1875,
    "T9": -0.1875,
    "T10": -0.09375,
    "T12": -0.375,
    "T12b": 0.5 * math.log(2 / 3) + 1 / 12,
    "T13": 0.5 * math.log(2) - 0.25,
    "T14": 0.0625,
    "T21": -0.1875,
}


@pytest.mark.parametrize("name", CLOSED_FORM)
def test_the_limit_on_gaussians_is_the_closed_form(name: str) -> None:
    connection = next(c for c in CONNECTIONS if c.id == name)
    outcome = run(connection, gaussian_setting())
    assert outcome.holds, outcome
    assert outcome.predicted == pytest.approx(CLOSED_FORM[name], rel=1e-6)


def test_the_printed_sign_of_score_matching_is_refuted() -> None:
    def printed(setting: Setting, step: float) -> tuple[torch.Tensor, torch.Tensor]:
        measured, predicted = CONNECTIONS[0].measure(setting, step)
        return -measured, predicted

    wrong = Connection("T1", "as printed", "Eq. 8", "", None, printed)
    assert not run(wrong, SETTINGS[0]).holds


def test_a_limit_of_too_low_an_order_is_refuted() -> None:
    fine = next(c for c in CONNECTIONS if c.id == "T4")
    claimed = Connection("T4", "too good", "none", "σ", 2.0, fine.measure)
    assert not run(claimed, SETTINGS[0]).holds
