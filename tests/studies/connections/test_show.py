from pathlib import Path

from click.testing import CliRunner

from ebmbench.cli import app
from ebmbench.studies.connections import CONNECTIONS, gaussian_setting, run, run_all
from ebmbench.studies.connections.base import Connection
from ebmbench.studies.connections.table import cells, to_markdown, verdict


def test_the_verb_prints_a_table_and_writes_it_with_a_picture(tmp_path: Path) -> None:
    outcome = CliRunner().invoke(app, ["study", "connections", "--out", str(tmp_path / "o")])
    assert outcome.exit_code == 0, outcome.output
    assert "All 44 hold." in outcome.output
    text = (tmp_path / "o" / "connections.md").read_text()
    assert all(f"| {connection.id} |" in text for connection in CONNECTIONS)
    assert (tmp_path / "o" / "convergence.png").read_bytes()[:4] == b"\x89PNG"


def test_what_is_about_gradients_needs_parameters() -> None:
    ids = {outcome.connection.id for outcome in run_all(CONNECTIONS, [gaussian_setting()])}
    assert {c.id for c in CONNECTIONS} - ids == {"T6", "T11", "T16", "T19", "T19b", "T23"}


def test_a_connection_that_fails_is_shown_as_failing() -> None:
    true = next(c for c in CONNECTIONS if c.id == "T8")
    wrong = Connection("T8", "as printed", "§5.1", "|v|", 3.0, true.measure)
    outcome = run(wrong, gaussian_setting())
    assert cells(outcome)[-1] == "FAILS"
    assert "| FAILS |" in to_markdown([outcome])
    assert verdict([outcome]).startswith("0 of 1 hold; not T8")
