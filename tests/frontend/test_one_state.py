"""`emailDailyBrief` and the unsubscribing from briefs are one state (docs/spec.md#unsubscribe)."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.world import BoxWorld, open_world

SUBSCRIPTIONS, MAIL = "/users/ada/email-subscriptions", "/users/ada/mail"


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[BoxWorld]:
    async with open_world(tmp_path) as world:
        yield world


async def told(box: BoxWorld) -> tuple[bool, bool, list[str]]:
    """What each of the three places says."""
    preferences = await box.get("/users/ada/preferences")
    subscriptions = await box.get(SUBSCRIPTIONS)
    mail = await box.get(MAIL)
    return preferences["emailDailyBrief"], subscriptions["briefs"], mail["unsubscribed"]


async def put(box: BoxWorld, path: str, body: Any) -> None:
    answer = await box.call("PUT", path, body)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("preferences", [{}, {"at": "09:00"}])
async def test_whoever_changes_it_all_say_the_same(
    box: BoxWorld, preferences: dict[str, Any]
) -> None:
    await box.person(**preferences)
    assert await told(box) == (True, True, [])
    await put(box, SUBSCRIPTIONS, {"briefs": False})
    assert await told(box) == (False, False, ["briefs"])
    await put(box, "/users/ada/preferences", {"emailDailyBrief": True})
    assert await told(box) == (True, True, [])
    await put(box, "/users/ada/preferences", {"emailDailyBrief": False})
    assert await told(box) == (False, False, ["briefs"])
    await put(box, MAIL, {"unsubscribed": []})
    assert await told(box) == (True, True, [])
    await box.sync(preferences=[{"userId": "ada", "emailDailyBrief": False}])
    assert await told(box) == (False, False, ["briefs"])
    await put(box, SUBSCRIPTIONS, {"briefs": True})
    assert await told(box) == (True, True, [])


async def test_briefs_come_back_after_all_mail_was_refused(box: BoxWorld) -> None:
    await box.person(at="07:00")
    await put(box, MAIL, {"unsubscribed": ["all"]})
    assert await told(box) == (False, False, ["all"])
    await put(box, "/users/ada/preferences", {"emailDailyBrief": True})
    assert await told(box) == (True, True, ["notifications"])
    await box.post("/queue/brief", {"userId": "ada"})
    await box.work()
    assert len(box.outbox) == 1


async def test_other_preferences_change_nothing_of_it(box: BoxWorld) -> None:
    await box.person(at="09:00")
    await put(box, SUBSCRIPTIONS, {"briefs": False})
    await put(box, "/users/ada/preferences", {"timeOfDay": "10:00"})
    assert await told(box) == (False, False, ["briefs"])
    await box.sync(delete={"preferences": ["ada"]})
    assert await told(box) == (False, False, ["briefs"])
    await box.call("DELETE", "/users/ada")
    assert (await box.call("GET", MAIL)).status_code == 404
