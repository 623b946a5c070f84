"""Changes of a subscribed calendar move its reminders (docs/spec.md#reminder-identity)."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from buildos_box.settings import Settings
from buildos_box.settings.channels import SmsSettings
from buildos_box.settings.model import EgressSettings, ServerSettings
from buildos_box.settings.section import Secret
from tests.calendars.feeds import serves, subscribe, sync, vevent
from tests.doubles.twilio import ACCOUNT, SERVICE, TOKEN, TwilioDouble
from tests.doubles.web import Web
from tests.sms.test_sms import ada, live_jobs, messages, states
from tests.world import BoxWorld, open_world


@pytest.fixture
def web() -> Iterator[Web]:
    with Web() as server:
        yield server


@pytest.fixture
async def box(tmp_path: Path, twilio: TwilioDouble) -> AsyncIterator[BoxWorld]:
    sms = SmsSettings(
        account_sid=ACCOUNT,
        auth_token=Secret(TOKEN),
        messaging_service_sid=SERVICE,
        api_base_url=twilio.url,
    )
    settings = Settings(
        sms=sms,
        server=ServerSettings(base_url="https://box.example"),
        egress=EgressSettings(allow_private=True),
    )
    async with open_world(tmp_path / "data", settings=settings) as world:
        yield world


async def test_a_moved_event_moves_its_reminder_and_one_sms_leaves(
    box: BoxWorld, web: Web, twilio: TwilioDouble
) -> None:
    await ada(box)
    serves(web, vevent("a", "20241023T100000Z"))
    await subscribe(box, web)
    await box.work()
    assert await live_jobs(box) == ["2024-10-23T09:45:00.000Z"]
    serves(web, vevent("a", "20241023T120000Z"))
    await sync(box)
    assert await live_jobs(box) == ["2024-10-23T11:45:00.000Z"]
    await box.run_until("2024-10-23T12:30:00Z")
    assert len(twilio.sent) == 1


async def test_an_event_that_vanishes_is_reminded_of_no_more(
    box: BoxWorld, web: Web, twilio: TwilioDouble
) -> None:
    await ada(box)
    serves(web, vevent("a", "20241023T100000Z"))
    await subscribe(box, web)
    await box.work()
    serves(web)
    await sync(box)
    assert (await states(box), await live_jobs(box)) == (
        [("cancelled", "event_cancelled")],
        [],
    )
    await box.run_until("2024-10-23T10:30:00Z")
    assert twilio.sent == []


async def test_an_event_that_is_marked_cancelled_is_reminded_of_no_more(
    box: BoxWorld, web: Web, twilio: TwilioDouble
) -> None:
    await ada(box)
    serves(web, vevent("a", "20241023T100000Z"))
    await subscribe(box, web)
    await box.work()
    serves(web, vevent("a", "20241023T100000Z", "STATUS:CANCELLED"))
    await sync(box)
    assert [m["status"] for m in await messages(box)] == ["cancelled"]
