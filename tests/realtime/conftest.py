"""A served box for tests of streams."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.realtime.streams import Live, served


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[Live]:
    async with served(tmp_path / "data") as box:
        await box.world.sync(users=[{"id": "ada"}, {"id": "bob"}])
        yield box
