"""Every bench is run in CI at its smallest size: none is left out of the list."""

from pathlib import Path

import pytest

from bench.__main__ import SMALLEST, run

BENCH = Path(__file__).parent.parent / "bench"


PARTS = {"__main__", "bare_api", "growth", "mail_server", "our_queue", "sqlite_baseline"}
"""Started by other benches."""


def test_every_bench_is_in_the_list() -> None:
    programs = {path.stem for path in BENCH.glob("*.py") if "__name__ ==" in path.read_text()}
    assert programs - PARTS == set(SMALLEST)


@pytest.mark.slow
def test_a_bench_that_fails_says_why() -> None:
    assert run("briefs_bench", SMALLEST["briefs_bench"]) == ""
    assert "NotFound" in run("briefs_bench", ["--users", "0", "--briefs", "3"])
