"""Mail preferences: scopes of unsubscribing (docs/spec.md#unsubscribe), and no tracking."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from buildos_box.settings import EmailSettings, Settings
from tests.mail.sample_mails import Tags, part
from tests.mail.test_notification_mail import notify
from tests.mail.test_tracking import PERSON, a_brief, mail_row, pixel, public, unsubscribing
from tests.world import BoxWorld, open_world

FORM = {"content-type": "application/x-www-form-urlencoded", **PERSON}
ONE_CLICK: dict[str, Any] = {"content": "List-Unsubscribe=One-Click", "headers": FORM}


async def scopes(box: BoxWorld) -> list[str]:
    return list((await box.get("/users/ada/mail"))["unsubscribed"])


async def another_brief(box: BoxWorld) -> list[str]:
    box.clock.advance(timedelta(seconds=1))
    await box.post("/queue/brief", {"userId": "ada", "forceRegenerate": True})
    await box.work()
    return [mail["status"] for mail in (await box.get("/users/ada/emails"))["items"]]


async def test_a_look_at_the_page_changes_nothing(box: BoxWorld) -> None:
    await a_brief(box)
    url = unsubscribing(box)
    for method in ("GET", "HEAD", "GET"):
        await public(box, method, f"{url}?scope=all")
        await public(box, method, url)
    assert await scopes(box) == []
    page = (await public(box, "GET", url)).text
    assert "No more daily briefs by mail?" in page
    assert "No mail at all" in page
    assert "<script" not in page


async def test_one_click_stops_the_mails_own_kind_only(box: BoxWorld) -> None:
    await a_brief(box)
    answer = await public(box, "POST", unsubscribing(box), **ONE_CLICK)
    assert (answer.status_code, answer.history) == (200, [])
    assert await scopes(box) == ["briefs"]
    assert (await notify(box)).email_id is not None
    assert (await another_brief(box))[0] != "queued"
    assert len(box.outbox) == 2


async def test_one_click_as_a_multipart_form_works_too(box: BoxWorld) -> None:
    await a_brief(box)
    form = {"files": {"List-Unsubscribe": (None, "One-Click")}}
    answer = await public(box, "POST", unsubscribing(box), **form)
    assert (answer.status_code, await scopes(box)) == (200, ["briefs"])


async def test_all_stops_every_mail_and_can_be_taken_back(box: BoxWorld) -> None:
    await a_brief(box)
    url = unsubscribing(box)
    page = await public(box, "POST", f"{url}?scope=all")
    assert "no more mail" in page.text
    assert await scopes(box) == ["all"]
    assert (await notify(box)).skipped == "unsubscribed"
    before = len(box.outbox)
    await another_brief(box)
    assert len(box.outbox) == before
    shown = (await public(box, "GET", url)).text
    assert "You get no mail from here" in shown
    await public(box, "POST", f"{url}/undo?scope=all")
    assert await scopes(box) == []
    await another_brief(box)
    assert len(box.outbox) == before + 1


async def test_taking_back_one_kind_leaves_the_others_stopped(box: BoxWorld) -> None:
    await a_brief(box)
    url = unsubscribing(box)
    await public(box, "POST", f"{url}?scope=all")
    await public(box, "POST", f"{url}/undo")
    assert await scopes(box) == ["notifications"]


async def test_an_unsubscribing_outlives_the_preferences_that_are_deleted(box: BoxWorld) -> None:
    await a_brief(box)
    await public(box, "POST", unsubscribing(box), **ONE_CLICK)
    await box.sync(delete={"preferences": ["ada"]})
    assert await scopes(box) == ["briefs"]
    preferences = await box.get("/users/ada/preferences")
    assert (preferences["emailDailyBrief"], preferences["isActive"]) == (False, False)


async def test_a_scope_that_is_none_means_the_mails_own(box: BoxWorld) -> None:
    await a_brief(box)
    await public(box, "POST", f"{unsubscribing(box)}?scope=everything'--")
    assert await scopes(box) == ["briefs"]


async def test_wishes_are_set_over_the_api_by_their_user_only(box: BoxWorld) -> None:
    for name in ("ada", "bo"):
        await box.person(name)
    own, other = await box.token_for("user:ada"), await box.token_for("user:bo")
    path, wish = "/users/ada/mail", {"unsubscribed": ["notifications"]}
    assert (await box.call("PUT", path, wish, token=other)).status_code == 404
    assert (await box.call("GET", path, token=other)).status_code == 404
    answer = await box.call("PUT", path, wish, token=own)
    assert answer.json()["unsubscribed"] == ["notifications"]
    assert (await box.call("PUT", path, {"unsubscribed": ["news"]})).status_code in (400, 422)
    assert (await box.call("PUT", path, {"unsubscribed": []})).json()["unsubscribed"] == []


def is_tracked(box: BoxWorld, number: int = -1) -> bool:
    html = part(box.outbox[number], "html")
    return bool(Tags(html).named("img")) or "/email/track/" in html


@pytest.mark.parametrize("refuses", [True, False])
async def test_a_notification_is_tracked_only_if_its_reader_allows_it(
    box: BoxWorld, refuses: bool
) -> None:
    await box.person()
    await box.sync(users=[{"id": "ada", "emailTracking": not refuses}])
    await notify(box, "https://box.example/tasks/1")
    await box.work()
    assert is_tracked(box) is not refuses
    assert "https://box.example/tasks/1" in part(box.outbox[0], "plain")


async def test_a_box_that_does_not_track_tracks_no_notification(tmp_path: Path) -> None:
    quiet = Settings(email=EmailSettings(tracking=False))
    async with open_world(tmp_path, settings=quiet) as box:
        await box.person()
        await notify(box, "https://box.example/tasks/1")
        await box.work()
        assert not is_tracked(box)
        assert (await box.get("/users/ada/mail"))["tracking"] is False


async def test_who_refuses_after_a_mail_was_queued_gets_it_untracked(box: BoxWorld) -> None:
    await box.person()
    await notify(box, "https://box.example/tasks/1")
    await box.sync(users=[{"id": "ada", "emailTracking": False}])
    await box.work()
    assert not is_tracked(box)


async def test_nothing_is_counted_of_who_has_refused_since(box: BoxWorld) -> None:
    await a_brief(box)
    await box.sync(users=[{"id": "ada", "emailTracking": False}])
    assert len((await public(box, "GET", pixel(box))).content) == 43
    assert (await mail_row(box))["openCount"] == 0
    rows = await box.db.all("SELECT * FROM email_tracking_events")
    assert rows == []
