"""`emailDailyBrief` and the unsubscribing from briefs are one state (docs/spec.md#unsubscribe)."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

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


async def unsubscribe_by_link(box: BoxWorld) -> None:
    """As a reader of the mail does, whose program knows the link from its header."""
    await box.post("/queue/brief", {"userId": "ada", "forceRegenerate": True})
    await box.work()
    path = urlsplit(str(box.outbox[-1]["List-Unsubscribe"]).strip("<>")).path
    answer = await box.api.post(path)
    assert answer.status_code == 200, answer.text


async def sync_says(box: BoxWorld, wanted: bool) -> None:
    rows = [{"userId": "ada", "timeOfDay": "09:00", "emailDailyBrief": wanted}]
    await box.sync(preferences=rows)


@pytest.mark.parametrize("before", [True, None], ids=["said before", "never said"])
async def test_the_link_outranks_a_true_that_sync_repeats(
    box: BoxWorld, before: bool | None
) -> None:
    await box.person(at="07:00")
    if before is not None:
        await sync_says(box, before)
    await unsubscribe_by_link(box)
    assert await told(box) == (False, False, ["briefs"])
    for _ in range(2):
        await sync_says(box, True)
        assert await told(box) == (False, False, ["briefs"])
    assert (await box.get("/users/ada/preferences"))["timeOfDay"] == "09:00"


async def test_a_true_after_a_false_of_sync_subscribes_again(box: BoxWorld) -> None:
    await box.person(at="07:00")
    await unsubscribe_by_link(box)
    await sync_says(box, False)
    assert await told(box) == (False, False, ["briefs"])
    await sync_says(box, True)
    assert await told(box) == (True, True, [])


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/users/ada/preferences", {"emailDailyBrief": True}),
        (SUBSCRIPTIONS, {"briefs": True}),
        (MAIL, {"unsubscribed": []}),
    ],
)
async def test_the_users_own_word_subscribes_again_after_the_link(
    box: BoxWorld, path: str, body: Any
) -> None:
    await box.person(at="07:00")
    await sync_says(box, True)
    await unsubscribe_by_link(box)
    await put(box, path, body)
    assert await told(box) == (True, True, [])
    await sync_says(box, True)
    assert await told(box) == (True, True, [])


async def test_a_false_that_sync_repeats_does_not_unsubscribe_again(box: BoxWorld) -> None:
    await box.person(at="07:00")
    await sync_says(box, False)
    await put(box, SUBSCRIPTIONS, {"briefs": True})
    await sync_says(box, False)
    assert await told(box) == (True, True, [])


async def test_a_repeated_row_counts_as_unchanged(box: BoxWorld) -> None:
    await box.person(at="07:00")
    await unsubscribe_by_link(box)
    row = {"userId": "ada", "emailDailyBrief": True}
    answer = await box.post("/sync?onError=skip", {"preferences": [row]})
    assert answer["changed"]["preferences"]["unchanged"] == 1


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
