import subprocess
import sys
import time

import pytest

from ebmbench.harness import other_work
from ebmbench.harness.other_work import OtherWork


@pytest.mark.parametrize(("busy", "cores"), [(5.0, 1.6), (1.8, 0.0), (1.0, 0.0)])
def test_others_have_what_is_busy_without_ones_own(
    busy: float, cores: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    clocks = {"wall": 10.0, "own": 3.0, "all": 100.0}
    monkeypatch.setattr(time, "perf_counter", lambda: clocks["wall"])
    monkeypatch.setattr(time, "process_time", lambda: clocks["own"])
    monkeypatch.setattr(other_work, "_busy_seconds", lambda: clocks["all"])
    others = OtherWork()
    clocks.update(wall=12.0, own=4.8, all=100.0 + busy)
    assert others.cores() == pytest.approx(cores)


def test_a_process_that_spins_is_seen() -> None:
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as other:
        try:
            time.sleep(0.5)
            others = OtherWork()
            time.sleep(1.5)
            found = others.cores()
        finally:
            other.kill()
    assert found > other_work.BUSY
