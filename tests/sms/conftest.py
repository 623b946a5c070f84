"""A box with a Twilio account at a double, and a person who wants reminders."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from buildos_box.settings import LimitsSettings, LlmSettings, Settings
from buildos_box.settings.channels import SmsSettings
from buildos_box.settings.model import ServerSettings
from buildos_box.settings.section import Secret
from tests.doubles.twilio import ACCOUNT, SERVICE, TOKEN, TwilioDouble
from tests.world import BoxWorld, open_world

START = "2024-10-23T08:00:00Z"


@asynccontextmanager
async def sms_box(
    folder: Path,
    twilio: TwilioDouble,
    *,
    at: str = START,
    llm: LlmSettings | None = None,
    limits: LimitsSettings | None = None,
    countries: tuple[str, ...] = (),
    enabled: bool = True,
) -> AsyncIterator[BoxWorld]:
    """A box whose SMS go to that double."""
    sms = SmsSettings(
        enabled=enabled,
        account_sid=ACCOUNT,
        auth_token=Secret(TOKEN),
        messaging_service_sid=SERVICE,
        api_base_url=twilio.url,
        allowed_countries=countries,
    )
    server = ServerSettings(base_url="https://box.example")
    settings = Settings(
        sms=sms, server=server, llm=llm or LlmSettings(), limits=limits or LimitsSettings()
    )
    async with open_world(folder / "data", at=at, settings=settings) as world:
        yield world
    assert twilio.faults == []


@pytest.fixture
async def box(tmp_path: Path, twilio: TwilioDouble) -> AsyncIterator[BoxWorld]:
    async with sms_box(tmp_path, twilio) as world:
        yield world
