"""What a planted fault changes is still in the code, checked before long runs are made with it."""

import pytest

from tests.simulation.planted_faults import PLANTED, ROOT, Planted
from tests.simulation.planted_faults_unseen import BLIND, UNSEEN


@pytest.mark.parametrize("planted", PLANTED + BLIND + UNSEEN, ids=lambda planted: planted.name)
def test_a_planted_fault_fits_the_code(planted: Planted) -> None:
    missing = [
        (file, old)
        for file, old, _ in planted.edits
        if old not in (ROOT / "buildos_box" / file).read_text("utf-8")
    ]
    assert missing == []
