"""A box that is closed holds nothing open, whether or not anybody looks for garbage."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.world import open_world


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
async def test_a_closed_box_leaves_no_file_open(tmp_path: Path) -> None:
    counts = []
    for n in range(3):
        async with open_world(tmp_path / str(n)) as world:
            await world.get("/health")
        counts.append(len(os.listdir("/proc/self/fd")))
    assert counts[1] == counts[2]
