"""No body, refused or taken, grows in memory (the bench does the same with 32 MiB)."""

from pathlib import Path

import pytest

from bench.body_memory import MIB, measure

SIZE = 8 * MIB


@pytest.mark.slow
def test_no_body_takes_many_times_its_size(tmp_path: Path) -> None:
    found = list(measure(tmp_path, SIZE))
    assert [
        f"{one.case.name}: {one.status}" for one in found if one.status != one.case.status
    ] == []
    wrong = [one for one in found if not one.is_bounded(beside=SIZE)]
    assert [f"{one.case.name}: {one.grown / MIB:.0f}" for one in wrong] == []
