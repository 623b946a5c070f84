"""Fixtures for every folder of tests."""

import gc
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from tests.doubles.twilio import TwilioDouble
    from tests.world import BoxWorld

# A box that is opened makes some hundred thousand objects and no garbage; to look for it again
# and again takes nearly half of that time.
gc.set_threshold(200_000, 50, 100)

# The processes that tests start run what is compiled, as an installation does.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# No test depends on how fast the machine is.
settings.register_profile("box", deadline=None)
settings.load_profile("box")


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator["BoxWorld"]:
    """A box at 2024-10-23 08:00 UTC, driven by hand."""
    # Imported here, so that tests of single packages need not import the whole program.
    from tests.world import open_world

    async with open_world(tmp_path / "data") as world:
        yield world


@pytest.fixture
def twilio() -> Iterator["TwilioDouble"]:
    """Twilio at the time of `box`."""
    from tests.clock import ManualClock
    from tests.doubles.twilio import TwilioDouble

    with TwilioDouble(ManualClock().now().timestamp()) as double:
        yield double
