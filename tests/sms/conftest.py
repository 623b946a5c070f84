"""A box with a Twilio account at a double, and a person who wants reminders."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from buildos_box.clock import from_text
from buildos_box.settings import Settings
from buildos_box.settings.keys import Secret
from buildos_box.settings.model import ServerSettings, SmsSettings
from tests.doubles.twilio import TwilioDouble
from tests.world import BoxWorld, open_world

START = "2024-10-23T08:00:00Z"


@pytest.fixture
def twilio() -> Iterator[TwilioDouble]:
    with TwilioDouble(from_text(START).timestamp()) as double:
        yield double


@pytest.fixture
async def box(tmp_path: Path, twilio: TwilioDouble) -> AsyncIterator[BoxWorld]:
    sms = SmsSettings(
        account_sid="AC1",
        auth_token=Secret("token"),
        messaging_service_sid="MG1",
        api_base_url=twilio.url,
    )
    settings = Settings(sms=sms, server=ServerSettings(base_url="https://box.example"))
    async with open_world(tmp_path / "data", at=START, settings=settings) as world:
        yield world
