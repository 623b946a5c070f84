"""A person's language and habits: given everywhere, and kept to everywhere."""

from pathlib import Path
from typing import Any

import pytest

from buildos_box.settings import BriefSettings, Settings
from tests.world import BoxWorld, open_world

MEETING = {
    "id": "m1",
    "userId": "ada",
    "title": "Board",
    "startAt": "2024-10-23T15:00:00Z",
    "endAt": "2024-10-23T16:00:00Z",
}


async def brief_of(box: BoxWorld) -> str:
    await box.post("/queue/brief", {"userId": "ada", "forceRegenerate": True})
    await box.work()
    return str((await box.get("/users/ada/briefs/2024-10-23"))["summaryContent"])


@pytest.mark.parametrize(
    ("locale", "day", "time"),
    [
        (None, "Wednesday, October 23, 2024", "17:00–18:00"),
        ("en-US", "Wednesday, October 23, 2024", "5:00–6:00 PM"),
        ("en-GB", "Wednesday, 23 October 2024", "17:00–18:00"),
    ],
)
async def test_a_brief_has_the_days_and_times_of_its_reader(
    box: BoxWorld, locale: str | None, day: str, time: str
) -> None:
    await box.person(zone="Europe/Berlin")
    if locale:
        await box.call("PATCH", "/users/ada", {"locale": locale})
    await box.sync(events=[MEETING])
    text = await brief_of(box)
    assert text.startswith(f"# {day}\n")
    assert f"**{time}** [Board]" in text
    subject = box.outbox[-1]["Subject"]
    assert subject == f"First meeting {'5:00 PM' if locale == 'en-US' else '17:00'} · Board"


async def test_clocks_are_chosen_apart_from_the_language(box: BoxWorld) -> None:
    await box.person(zone="Europe/Berlin")
    await box.sync(events=[MEETING])
    await box.call("PUT", "/users/ada/preferences", {"hourCycle": 12, "weekStart": 0})
    assert "**5:00–6:00 PM**" in await brief_of(box)
    found = await box.get("/users/ada/preferences")
    assert (found["hourCycle"], found["weekStart"]) == (12, 0)
    await box.call("PUT", "/users/ada/preferences", {"hourCycle": None, "weekStart": None})
    assert "**17:00–18:00**" in await brief_of(box)


async def test_sync_and_the_routes_take_a_locale_and_refuse_a_wrong_one(box: BoxWorld) -> None:
    await box.sync(users=[{"id": "ada", "email": "ada@example.org", "locale": "en-gb"}])
    assert (await box.get("/users/ada"))["locale"] == "en-GB"
    for refused in (
        await box.call("PATCH", "/users/ada", {"locale": "en-UK"}),
        await box.call("POST", "/users", {"name": "Bob", "locale": "en-UK"}),
        await box.call("POST", "/sync", {"users": [{"id": "ada", "locale": "en-UK"}]}),
    ):
        assert refused.status_code == 422
        (fault,) = refused.json()["details"]
        assert fault["field"].endswith("locale")
        assert "must be one of de, en-GB, en-US, " in fault["message"]
        assert fault["message"].endswith("; did you mean en-GB?")
    assert (await box.call("PATCH", "/users/ada", {"locale": None})).json()["locale"] is None


@pytest.mark.parametrize("wrong", [{"hourCycle": 13}, {"hourCycle": True}, {"weekStart": 7}])
async def test_habits_that_cannot_be_are_refused(box: BoxWorld, wrong: dict[str, Any]) -> None:
    await box.person()
    assert (await box.call("PUT", "/users/ada/preferences", wrong)).status_code == 422


async def test_the_page_is_told_how_to_write(box: BoxWorld) -> None:
    await box.person()
    own = await box.token_for("user:ada")
    session = await box.get("/app/session", token=own)
    habits = ("locale", "hourCycle", "weekStart")
    assert [session[name] for name in habits] == ["en-US", 24, 1]
    assert session["languages"]["en-GB"] == "English (UK)"
    assert "direction" not in session, "the page's texts say it"
    await box.call("PATCH", "/users/ada", {"locale": "en-US"})
    session = await box.get("/app/session", token=own)
    assert [session[name] for name in habits] == ["en-US", 12, 0]


async def test_a_box_may_have_another_default(tmp_path: Path) -> None:
    settings = Settings(briefs=BriefSettings(locale="en-GB"))
    async with open_world(tmp_path / "data", settings=settings) as box:
        await box.person()
        text = await brief_of(box)
    assert text.startswith("# Wednesday, 23 October 2024\n")


async def test_a_locale_that_is_no_longer_here_counts_as_none(box: BoxWorld) -> None:
    await box.person()
    await box.db.write(lambda tx: tx.execute("UPDATE users SET locale = 'tlh'"))
    assert (await brief_of(box)).startswith("# Wednesday, October 23, 2024\n")
