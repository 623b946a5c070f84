"""What the box says that it will send: by hand-made days, over the real API and command line."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from buildos_box.settings import Settings
from buildos_box.settings.channels import SmsSettings
from buildos_box.settings.model import BriefSettings
from buildos_box.settings.section import Secret
from tests.world import BoxWorld, open_world

START = "2024-10-23T08:00:00Z"
SMS = SmsSettings(account_sid="AC1", auth_token=Secret("t"), messaging_service_sid="MG1")


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[BoxWorld]:
    async with open_world(tmp_path / "data", at=START, settings=Settings(sms=SMS)) as world:
        yield world


async def forecast(box: BoxWorld, **query: Any) -> list[Any]:
    return (await box.get("/schedule/forecast", params=query))["deliveries"]


def sent(found: list[Any]) -> list[tuple[str, str]]:
    return [(one["kind"], one["at"]) for one in found if one["outcome"] == "send"]


async def with_phone(box: BoxWorld, user: str = "ada", **wishes: Any) -> None:
    await box.post(
        "/sms/scheduled",
        {"userId": user, "phone_number": "+12125550001", "phone_verified": True, "enabled": True}
        | wishes,
    )


async def event(box: BoxWorld, name: str, start: str, user: str = "ada", **more: Any) -> None:
    item = {"id": name, "userId": user, "title": name.title(), "startAt": start, **more}
    await box.sync(events=[item])


async def test_briefs_come_at_local_time_also_across_a_change_of_clocks(box: BoxWorld) -> None:
    await box.person(zone="Europe/Berlin", at="07:00")
    found = await forecast(box, days=5)
    assert [(one["briefDate"], one["at"]) for one in found] == [
        ("2024-10-24", "2024-10-24T05:00:00.000Z"),
        ("2024-10-25", "2024-10-25T05:00:00.000Z"),
        ("2024-10-26", "2024-10-26T05:00:00.000Z"),
        ("2024-10-27", "2024-10-27T06:00:00.000Z"),
        ("2024-10-28", "2024-10-28T06:00:00.000Z"),
    ]
    assert all(one["outcome"] == "send" for one in found)


async def test_a_mail_that_nobody_wants_is_skipped_and_says_why(box: BoxWorld) -> None:
    await box.person(at="09:00", emailDailyBrief=False)
    found = await forecast(box, days=1)
    assert [(one["outcome"], one["reason"]) for one in found] == [("skip", "unsubscribed")]


async def test_who_has_stopped_visiting_rests(tmp_path: Path) -> None:
    settings = Settings(briefs=BriefSettings(engagement_backoff=True))
    async with open_world(tmp_path / "data", at=START, settings=settings) as box:
        await box.person(at="09:00")
        await box.sync(users=[{"id": "ada", "lastVisitAt": "2024-10-21T10:00:00Z"}])
        found = await forecast(box, days=7)
        assert [one["outcome"] for one in found] == ["send", "skip", "send", *["skip"] * 4]
        assert found[1]["reason"] == "resting: resting after the last visit"


async def test_quiet_hours_move_a_reminder_or_drop_it(box: BoxWorld) -> None:
    await box.person(zone="Europe/Berlin")
    await with_phone(box, lead_time_minutes=60, quiet_hours_start="22:00", quiet_hours_end="08:00")
    await event(box, "early", "2024-10-24T06:30:00Z")
    await event(box, "dawn", "2024-10-25T03:00:00Z")
    early, dawn = await forecast(box, user="ada")
    assert (early["at"], early["movedFrom"]) == (
        "2024-10-24T06:00:00.000Z",
        "2024-10-24T05:30:00.000Z",
    )
    assert early["reason"] == "quiet hours until 08:00 Europe/Berlin"
    assert (dawn["outcome"], dawn["reason"]) == ("skip", "quiet_hours")


async def test_the_daily_limit_and_stop_are_foreseen(box: BoxWorld) -> None:
    await box.person()
    await with_phone(box, daily_limit=1)
    await event(box, "one", "2024-10-24T10:00:00Z")
    await event(box, "two", "2024-10-24T12:00:00Z")
    assert [one.get("reason") for one in await forecast(box)] == [None, "daily_limit"]
    await box.post("/sms/scheduled", {"userId": "ada", "enabled": False})
    assert await forecast(box) == []


async def test_it_writes_nothing(box: BoxWorld) -> None:
    await box.person(at="09:00")
    await with_phone(box)
    await event(box, "one", "2024-10-24T10:00:00Z")
    before = (await box.db.one("PRAGMA data_version"), box.db.commits)
    first = await forecast(box, days=30)
    assert (await box.db.one("PRAGMA data_version"), box.db.commits) == before
    assert await forecast(box, days=30) == first


async def test_each_delivery_says_what_it_is_about_and_nothing_else(box: BoxWorld) -> None:
    await box.person(at="09:00")
    await with_phone(box)
    await event(box, "talk", "2024-10-23T12:00:00Z")
    message = {"userId": "ada", "message": "Tea", "scheduledFor": "2024-10-23T10:00:00Z"}
    await box.post("/queue/sms", message)
    brief, text, reminder = await forecast(box, days=1)
    own = {"userId": "ada", "outcome": "send"}
    assert brief == {
        **own,
        "kind": "brief",
        "channel": "email",
        "at": "2024-10-23T09:00:00.000Z",
        "briefDate": "2024-10-23",
    }
    assert text == {**own, "kind": "message", "channel": "sms", "at": "2024-10-23T10:00:00.000Z"}
    assert reminder == {
        **own,
        "kind": "reminder",
        "channel": "sms",
        "at": "2024-10-23T11:45:00.000Z",
        "eventId": "talk",
        "title": "Talk",
        "eventStartAt": "2024-10-23T12:00:00.000Z",
    }


async def test_the_soonest_come_first_up_to_the_limit(box: BoxWorld) -> None:
    for user, at in (("ada", "12:00"), ("bob", "11:00"), ("cy", "11:00")):
        await box.person(user, at=at)
    whole = await box.get("/schedule/forecast", params={"days": 1, "limit": 3})
    assert [one["userId"] for one in whole["deliveries"]] == ["bob", "cy", "ada"]
    assert (whole["since"], whole["until"]) == (
        "2024-10-23T08:00:00.000Z",
        "2024-10-24T08:00:00.000Z",
    )
    assert whole["more"] is False
    part = await box.get("/schedule/forecast", params={"days": 1, "limit": 2})
    assert [one["userId"] for one in part["deliveries"]] == ["bob", "cy"]
    assert part["more"] is True
    assert len(await forecast(box)) == 21


async def test_nobodys_forecast_is_not_found(box: BoxWorld) -> None:
    answer = await box.call("GET", "/schedule/forecast?user=nobody")
    assert (answer.status_code, answer.json()["code"]) == (404, "user_not_found")


async def test_people_see_their_own_alone(box: BoxWorld) -> None:
    for user in ("ada", "bob"):
        await box.person(user, at="09:00")
    token = await box.token_for("user:ada")
    found = (await box.get("/schedule/forecast", token=token))["deliveries"]
    assert {one["userId"] for one in found} == {"ada"}
    answer = await box.call("GET", "/schedule/forecast?user=bob", token=token)
    assert answer.status_code == 404
    assert {one["userId"] for one in await forecast(box, days=1)} == {"ada", "bob"}


async def test_what_it_says_is_what_then_happens(box: BoxWorld) -> None:
    await box.person(zone="Europe/Berlin", at="10:30")
    await box.project()
    told = sent(await forecast(box, days=2))
    await box.run_until("2024-10-25T08:00:00Z")
    arrived = [
        row["sent_at"][:17] + "00.000Z"
        for row in await box.db.all("SELECT sent_at FROM emails WHERE kind = 'brief' ORDER BY id")
    ]
    assert arrived == [at for _, at in told if at <= "2024-10-25T08:00:00.000Z"]
    assert len(arrived) == 2


async def empty_days(box: BoxWorld, at: str = "09:00", **wishes: Any) -> None:
    """Ada has an archived project, and one event, on the second day."""
    await box.person(at=at, **wishes)
    await box.sync(
        projects=[{"id": "old", "userId": "ada", "name": "Old", "status": "archived"}],
        tasks=[{"id": "rest", "projectId": "old", "title": "Rest", "dueDate": "2024-10-23"}],
    )
    await event(box, "visit", "2024-10-24T12:00:00Z")


def reasons(found: list[Any]) -> list[tuple[str, str | None]]:
    return [(one["briefDate"], one.get("reason")) for one in found]


async def test_a_day_with_nothing_to_tell_is_foreseen_and_then_not_mailed(box: BoxWorld) -> None:
    await empty_days(box, sendEmptyBriefs=False)
    told = reasons(await forecast(box, days=3))
    assert told == [
        ("2024-10-23", "nothing_to_tell"),
        ("2024-10-24", None),
        ("2024-10-25", "nothing_to_tell"),
    ]
    await box.run_until("2024-10-25T10:00:00Z", step=timedelta(minutes=15))
    briefs = await box.db.all(
        """SELECT b.brief_date, e.id AS mail FROM daily_briefs b
             LEFT JOIN emails e ON e.brief_id = b.id ORDER BY b.brief_date"""
    )
    assert [row["brief_date"] for row in briefs] == [day for day, _ in told]
    assert [row["mail"] is not None for row in briefs] == [why is None for _, why in told]
    assert (await box.get("/users/ada/notifications"))["items"][0]["payload"]["briefDate"] == (
        "2024-10-24"
    )


async def test_whoever_wants_briefs_of_nothing_gets_them(box: BoxWorld) -> None:
    await empty_days(box, sendEmptyBriefs=True)
    assert {why for _, why in reasons(await forecast(box, days=3))} == {None}


async def test_an_empty_brief_that_waits_is_foreseen_too(box: BoxWorld) -> None:
    await empty_days(box, sendEmptyBriefs=False)
    (job,) = (await box.get("/jobs?type=generate_daily_brief&status=pending"))["jobs"]
    assert job["metadata"]["briefDate"] == "2024-10-23"
    assert reasons(await forecast(box, days=1)) == [("2024-10-23", "nothing_to_tell")]


async def test_an_empty_brief_that_was_asked_for_is_sent(box: BoxWorld) -> None:
    await empty_days(box, at="12:00", sendEmptyBriefs=False)
    await box.post("/queue/brief", {"userId": "ada", "scheduledFor": "2024-10-23T08:30:00Z"})
    assert reasons(await forecast(box, days=1))[0] == ("2024-10-23", None)
