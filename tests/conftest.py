"""Fixtures for every folder of tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.world import BoxWorld, open_world


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[BoxWorld]:
    """A box at 2024-10-23 08:00 UTC, driven by hand."""
    async with open_world(tmp_path / "data") as world:
        yield world
