"""The box under simulated time and faults, and proof that its judge is not blind.

`BOX_SIMULATION_SEEDS`, `_DAYS` and `_PEOPLE` set how much is lived here; by hand, see
`python -m tests.simulation --help`.
"""

import os
from pathlib import Path

import pytest

from tests.simulation.planted_faults import PLANTED, ROOT, Planted, copy_with, run
from tests.simulation.planted_faults_unseen import BLIND

SEEDS = int(os.environ.get("BOX_SIMULATION_SEEDS", "8"))
DAYS = os.environ.get("BOX_SIMULATION_DAYS", "20")
PEOPLE = os.environ.get("BOX_SIMULATION_PEOPLE", "3")
RARE = ("--guests", "1", "--situations", "1")


@pytest.mark.parametrize("seed", range(1, SEEDS + 1))
def test_weeks_of_trouble_break_no_promise(seed: int) -> None:
    code, said = run(ROOT, "--seed", str(seed), "--days", DAYS, "--people", PEOPLE, *RARE)
    assert code == 0, said


def test_the_same_seed_tells_the_same_story(tmp_path: Path) -> None:
    stories = []
    for hashing in ("1", "2"):
        log = tmp_path / hashing
        run(ROOT, "--seed", "5", "--days", "4", "--log", str(log), PYTHONHASHSEED=hashing)
        stories.append(log.read_bytes())
    assert stories[0] == stories[1]
    assert stories[0].count(b"\n") > 100


@pytest.mark.parametrize("planted", PLANTED + BLIND, ids=lambda planted: planted.name)
def test_a_planted_fault_is_seen(planted: Planted, tmp_path: Path) -> None:
    code, said = run(
        copy_with(planted, tmp_path), "--until-broken", "--days", "12", *planted.arguments
    )
    assert code == 1, said
    assert any(promise in said for promise in planted.seen_as), said
