"""Subscribed calendars against a real web server: read, followed, doubted, kept secret."""

import asyncio
import gzip
import logging
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from buildos_box.calendars.feeds.limits import (
    MAX_EVENTS,
    MAX_FEEDS,
    due_after_failure,
    due_after_success,
    spread,
)
from buildos_box.clock import from_text
from buildos_box.settings import Settings
from buildos_box.settings.model import EgressSettings
from buildos_box.url_masking import masked_url
from tests.calendars.feeds import (
    PATH,
    SECRET,
    answers,
    calendar,
    events,
    feed,
    serves,
    subscribe,
    sync,
    vevent,
)
from tests.doubles.web import Answer, Web
from tests.world import BoxWorld, open_world

NOON, TWO = "20241024T120000Z", "20241024T140000Z"
AT_NOON, AT_TWO = "2024-10-24T12:00:00.000Z", "2024-10-24T14:00:00.000Z"


@pytest.fixture
def web() -> Iterator[Web]:
    with Web(Answer(404)) as server:
        yield server


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[BoxWorld]:
    settings = Settings(egress=EgressSettings(allow_private=("127.0.0.1/32",)))
    async with open_world(tmp_path, settings=settings) as world:
        await world.person()
        yield world


def seen(web: Web) -> list[dict[str, str]]:
    return [request.headers for request in web.seen if request.path == PATH]


async def test_a_subscription_is_read_at_once(box: BoxWorld, web: Web) -> None:
    serves(web, vevent("a", NOON), vevent("b", TWO, title="Review"))
    made = await subscribe(box, web)
    assert (made["status"], made["eventCount"], made["failures"]) == ("ok", 2, 0)
    assert await events(box) == {
        "Standup": (AT_NOON, "confirmed"),
        "Review": (AT_TWO, "confirmed"),
    }


async def test_an_unchanged_calendar_is_asked_for_with_its_marks_and_not_read_again(
    box: BoxWorld, web: Web
) -> None:
    serves(web, vevent("a", NOON), etag='"v1"')
    web.by_path[PATH].headers["Last-Modified"] = "Wed, 23 Oct 2024 07:00:00 GMT"
    await subscribe(box, web)
    await box.work()
    answers(web, 304)
    await box.run_until("2024-10-23T08:35:00Z")
    first, *later = seen(web)
    assert "if-none-match" not in first
    assert len(later) == 2
    assert {asked["if-none-match"] for asked in later} == {'"v1"'}
    assert {asked["if-modified-since"] for asked in later} == {"Wed, 23 Oct 2024 07:00:00 GMT"}
    found = await feed(box)
    assert (found["status"], found["eventCount"]) == ("ok", 1)
    assert found["lastSuccessAt"] > "2024-10-23T08:30"
    assert await events(box) == {"Standup": (AT_NOON, "confirmed")}


async def test_an_unchanged_calendar_is_read_anew_each_day_so_that_its_series_go_on(
    box: BoxWorld, web: Web
) -> None:
    serves(web, vevent("a", "20241020T120000Z", "RRULE:FREQ=DAILY"), etag='"v1"')
    await subscribe(box, web)
    await box.work()
    last = max(await starts(box))
    box.clock.advance(timedelta(days=1))
    await sync(box)
    assert "if-none-match" not in seen(web)[-1]
    assert max(await starts(box)) > last


async def starts(box: BoxWorld) -> list[str]:
    rows = await box.db.all("SELECT start_at FROM events")
    return [row["start_at"] for row in rows]


async def test_a_moved_event_moves_and_a_vanished_one_is_cancelled(box: BoxWorld, web: Web) -> None:
    serves(web, vevent("a", NOON), vevent("b", NOON, title="Review"))
    await subscribe(box, web)
    await box.work()
    serves(web, vevent("a", TWO))
    await sync(box)
    assert await events(box) == {
        "Standup": (AT_TWO, "confirmed"),
        "Review": (AT_NOON, "cancelled"),
    }
    serves(web, vevent("a", TWO), vevent("b", NOON, title="Review"))
    await sync(box)
    assert (await events(box))["Review"] == (AT_NOON, "confirmed")


async def test_what_is_over_stays_when_the_calendar_forgets_it(box: BoxWorld, web: Web) -> None:
    serves(web, vevent("a", "20241022T120000Z"))
    await subscribe(box, web)
    await box.work()
    serves(web, vevent("b", TWO, title="Review"))
    await sync(box)
    assert (await events(box))["Standup"] == ("2024-10-22T12:00:00.000Z", "confirmed")
    box.clock.advance(timedelta(days=20))
    await sync(box)
    assert "Standup" not in await events(box)


async def test_one_instance_of_a_series_is_moved_and_one_called_off(
    box: BoxWorld, web: Web
) -> None:
    series = vevent("a", NOON, "RRULE:FREQ=DAILY;COUNT=3", "EXDATE:20241026T120000Z")
    moved = vevent("a", TWO, "RECURRENCE-ID:20241025T120000Z", title="Late standup")
    serves(web, vevent("a", NOON, "RRULE:FREQ=DAILY;COUNT=3"))
    await subscribe(box, web)
    await box.work()
    serves(web, series, moved)
    await sync(box)
    rows = await box.db.all("SELECT title, start_at, status FROM events ORDER BY start_at, title")
    assert [tuple(row) for row in rows] == [
        ("Standup", AT_NOON, "confirmed"),
        ("Late standup", AT_TWO, "confirmed"),
        ("Standup", "2024-10-26T12:00:00.000Z", "cancelled"),
    ]


async def test_the_same_meeting_in_two_calendars_is_two_events(box: BoxWorld, web: Web) -> None:
    serves(web, vevent("a", NOON))
    web.by_path["/other.ics"] = Answer(200, calendar(vevent("a", TWO)))
    await subscribe(box, web)
    await subscribe(box, web, "/other.ics", name="Home")
    await box.work()
    assert sorted(await starts(box)) == [AT_NOON, AT_TWO]


async def test_every_feed_is_read_each_quarter_of_an_hour_and_not_all_at_once(
    box: BoxWorld, web: Web
) -> None:
    serves(web, vevent("a", NOON))
    await subscribe(box, web)
    await box.run_until("2024-10-23T09:01:00Z")
    assert len(seen(web)) in (4, 5)
    due = from_text("2024-10-23T08:15:00Z")
    minutes = {spread(f"feed-{n}", due).minute for n in range(50)}
    assert minutes == {15, 16, 17, 18, 19}
    for n in range(50):
        late = spread(f"feed-{n}", due)
        assert due_after_success(late) <= due + timedelta(minutes=15)


async def test_failures_wait_longer_each_time_and_the_third_is_told(
    box: BoxWorld, web: Web
) -> None:
    serves(web)
    await subscribe(box, web)
    answers(web, 500)
    for count in (1, 2, 3, 4):
        found = await sync(box)
        assert (found["status"], found["failures"]) == ("failing", count)
        rows = await box.db.all("SELECT * FROM notifications WHERE user_id = 'ada'")
        told = [row for row in rows if row["event_type"] == "calendar.sync_failed"]
        assert len(told) == (1 if count >= 3 else 0)
    assert "Work" in told[0]["body"]
    assert "HTTP 500" in told[0]["body"]
    assert SECRET not in str(dict(told[0]))
    serves(web, vevent("a", NOON))
    found = await sync(box)
    assert (found["status"], found["failures"], found["error"]) == ("ok", 0, None)


async def test_a_new_spell_of_failures_is_told_anew(box: BoxWorld, web: Web) -> None:
    for _ in range(2):
        serves(web, vevent("a", NOON))
        await (sync(box) if web.seen else subscribe(box, web))
        await box.work()
        answers(web, 404)
        for _ in range(3):
            await sync(box)
    rows = await box.db.all("SELECT * FROM notifications WHERE event_type = 'calendar.sync_failed'")
    assert len(rows) == 2


def test_the_pause_after_failures_doubles_up_to_a_day_and_heeds_the_server() -> None:
    now = from_text("2024-10-23T08:00:00Z")
    waits = [(due_after_failure(now, n, None) - now) for n in (1, 2, 3, 20)]
    assert [wait.total_seconds() / 60 for wait in waits] == [10, 25, 55, 24 * 60 - 5]
    asked = due_after_failure(now, 1, timedelta(hours=2)) - now
    assert asked == timedelta(hours=2)
    assert due_after_failure(now, 1, timedelta(days=30)) - now == timedelta(days=1)


async def test_a_server_that_asks_for_time_gets_it(box: BoxWorld, web: Web) -> None:
    serves(web)
    await subscribe(box, web)
    answers(web, 429, Retry_After="7200")
    found = await sync(box)
    assert found["nextSyncAt"] == "2024-10-23T10:00:00.000Z"
    assert "too often" in found["error"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"\n <html>Sign in</html>", "web page"),
        (b"", "not a calendar"),
        (calendar(vevent("a", NOON))[:-30], "ends in the middle"),
        (b"BEGIN:VEVENT\r\nEND:VCALENDAR", "not a calendar"),
    ],
)
async def test_what_is_no_whole_calendar_changes_nothing(
    box: BoxWorld, web: Web, body: bytes, told: str
) -> None:
    serves(web, vevent("a", NOON))
    await subscribe(box, web)
    await box.work()
    web.by_path[PATH] = Answer(200, body)
    found = await sync(box)
    assert found["status"] == "failing"
    assert told in found["error"]
    assert await events(box) == {"Standup": (AT_NOON, "confirmed")}


async def test_a_calendar_that_is_too_large_is_refused_packed_or_not(
    box: BoxWorld, web: Web
) -> None:
    serves(web)
    await subscribe(box, web)
    bomb = b"BEGIN:VCALENDAR\r\n" + b"X-JUNK:0\r\n" * 3_500_000 + b"END:VCALENDAR\r\n"
    packed = gzip.compress(bomb, 1)
    web.by_path[PATH] = Answer(200, packed, {"Content-Encoding": "gzip"})
    assert "more than" in (await sync(box))["error"]
    web.by_path[PATH] = Answer(200, bomb)
    assert "more than" in (await sync(box))["error"]


async def test_a_series_without_end_is_laid_out_within_bounds(box: BoxWorld, web: Web) -> None:
    wild = [
        vevent(f"{n}", "19700101T000000Z", "RRULE:FREQ=SECONDLY", title=f"Wild {n}")
        for n in range(20)
    ]
    serves(web, *wild, vevent("a", NOON))
    await subscribe(box, web)
    await box.work()
    found = await feed(box)
    assert found["status"] == "ok"
    assert found["eventCount"] <= MAX_EVENTS
    assert "Standup" in await events(box)


async def test_a_full_calendar_keeps_the_nearest_and_cancels_nothing_it_did_not_see(
    box: BoxWorld, web: Web
) -> None:
    serves(web, vevent("late", "20250115T120000Z", title="Late"))
    await subscribe(box, web)
    await box.work()
    many = [vevent(f"{n}", NOON, title=f"Slot {n}") for n in range(MAX_EVENTS + 5)]
    serves(web, *many)
    found = await sync(box)
    assert found["eventCount"] == MAX_EVENTS
    assert "only the next 2,000 events" in found["warnings"][0]
    row = await box.db.one("SELECT status FROM events WHERE title = 'Late'")
    assert row["status"] == "confirmed"


async def test_a_redirect_is_followed_and_checked_at_every_hop(box: BoxWorld, web: Web) -> None:
    serves(web, vevent("a", NOON))
    web.by_path["/moved"] = Answer(302, b"", {"Location": PATH})
    await subscribe(box, web, "/moved")
    await box.work()
    assert (await feed(box))["status"] == "ok"


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.2:{port}/calendar.ics",
        "http://[::1]:{port}/calendar.ics",
        "http://169.254.169.254/latest/meta-data",
        "http://10.0.0.7/calendar.ics",
        "file:///etc/passwd",
        "http://user:pass@127.0.0.1:{port}/",
    ],
)
async def test_a_redirect_to_a_private_address_is_not_followed(
    box: BoxWorld, web: Web, target: str
) -> None:
    location = target.format(port=web.port)
    answers(web, 302, Location=location)
    answer = await box.call("POST", "/users/ada/calendar-feeds", {"url": web.url(PATH)})
    assert answer.status_code == 422
    assert len(web.seen) == 1
    assert "passwd" not in answer.text
    assert (await box.get("/users/ada/calendar-feeds"))["items"] == []


async def test_redirects_in_a_circle_end(box: BoxWorld, web: Web) -> None:
    answers(web, 301, Location=PATH)
    answer = await box.call("POST", "/users/ada/calendar-feeds", {"url": web.url(PATH)})
    assert "redirects too often" in answer.text
    assert len(web.seen) == 4


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.7/a.ics",
        "https://127.0.0.2/a.ics",
        "http://169.254.169.254/",
        "http://localhost.:80/a",
        "ftp://example.org/a.ics",
        "not an address",
        "http://user:secret@10.0.0.7/a.ics",
        "https://exa mple.org/a.ics",
        "https://example.org:port/a.ics",
        "https://[::1/a.ics",
        "https://\u2488com/a.ics",
        "https://example.org/" + "a" * 3000,
    ],
)
async def test_an_address_that_is_not_for_this_box_is_refused_when_given(
    box: BoxWorld, url: str
) -> None:
    answer = await box.call("POST", "/users/ada/calendar-feeds", {"url": url})
    assert answer.status_code == 422
    assert answer.json()["details"][0]["field"] == "url"
    assert "secret" not in answer.text


async def test_the_address_is_a_secret(
    box: BoxWorld, web: Web, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    answers(web, 403)
    refused = await box.call("POST", "/users/ada/calendar-feeds", {"url": web.url(PATH)})
    serves(web)
    texts = [refused.text, str(await subscribe(box, web))]
    answers(web, 403)
    for _ in range(3):
        await sync(box)
    texts += [str(await feed(box)), caplog.text]
    texts += [str(job) for job in await box.jobs()]
    for table in ("realtime_events", "notifications", "queue_jobs", "job_attempts"):
        texts += [str(tuple(row)) for row in await box.db.all(f"SELECT * FROM {table}")]
    assert [text for text in texts if SECRET in text] == []
    assert (await feed(box))["url"] == web.url("/…")


async def test_feeds_are_their_owners_only(box: BoxWorld, web: Web) -> None:
    await box.person("bo")
    serves(web)
    made = await subscribe(box, web)
    other = await box.token_for("user:bo")
    path = f"/users/ada/calendar-feeds/{made['id']}"
    for method, at in (("GET", path), ("PATCH", path), ("DELETE", path), ("POST", f"{path}/sync")):
        body: Any = {} if method == "PATCH" else None
        assert (await box.call(method, at, body, token=other)).status_code == 404
        crossed = at.replace("/ada/", "/bo/")
        assert (await box.call(method, crossed, body, token=other)).status_code == 404


async def test_the_same_address_again_changes_nothing_and_there_is_an_end(
    box: BoxWorld, web: Web
) -> None:
    serves(web)
    first = await subscribe(box, web)
    assert (await subscribe(box, web, name="Again"))["id"] == first["id"]
    assert len(web.seen) == 1
    for n in range(MAX_FEEDS - 1):
        web.by_path[f"/{n}.ics"] = Answer(200, calendar())
        await subscribe(box, web, f"/{n}.ics")
    answer = await box.call(
        "POST", "/users/ada/calendar-feeds", {"url": web.url("/one-too-many.ics")}
    )
    assert answer.status_code == 409


async def test_a_paused_feed_is_left_alone_until_it_goes_on(box: BoxWorld, web: Web) -> None:
    serves(web, vevent("a", NOON))
    made = await subscribe(box, web)
    await box.work()
    path = f"/users/ada/calendar-feeds/{made['id']}"
    paused = (await box.call("PATCH", path, {"isActive": False})).json()
    assert (paused["status"], paused["nextSyncAt"]) == ("paused", None)
    await box.run_until("2024-10-23T09:00:00Z")
    assert len(seen(web)) == 1
    assert (await box.call("POST", f"{path}/sync")).status_code == 409
    await box.call("PATCH", path, {"isActive": True})
    await box.work()
    assert len(seen(web)) == 2


async def test_a_new_address_is_a_new_start(box: BoxWorld, web: Web) -> None:
    serves(web, vevent("a", NOON), etag='"v1"')
    made = await subscribe(box, web)
    await box.work()
    web.by_path["/new.ics"] = Answer(200, calendar(vevent("b", TWO, title="Review")))
    path = f"/users/ada/calendar-feeds/{made['id']}"
    await box.call("PATCH", path, {"url": web.url("/new.ics"), "name": "New"})
    await box.work()
    assert "if-none-match" not in web.seen[-1].headers
    assert await events(box) == {
        "Standup": (AT_NOON, "cancelled"),
        "Review": (AT_TWO, "confirmed"),
    }


async def test_a_feed_that_is_given_up_takes_its_events_with_it(box: BoxWorld, web: Web) -> None:
    serves(web, vevent("a", NOON))
    made = await subscribe(box, web)
    await box.work()
    await box.sync(events=[{"id": "own", "userId": "ada", "title": "Own", "startAt": AT_TWO}])
    answer = await box.call("DELETE", f"/users/ada/calendar-feeds/{made['id']}")
    assert answer.status_code == 204
    assert await events(box) == {"Own": (AT_TWO, "confirmed")}
    assert (await box.get("/users/ada/calendar-feeds"))["items"] == []


async def test_a_feed_given_up_while_it_is_read_leaves_nothing_behind(
    box: BoxWorld, web: Web
) -> None:
    serves(web, vevent("a", NOON))
    made = await subscribe(box, web)
    await box.post(f"/users/ada/calendar-feeds/{made['id']}/sync")
    claimed = await box.claim()
    assert claimed is not None
    await box.call("DELETE", f"/users/ada/calendar-feeds/{made['id']}")
    await box.box.engine.runner.run(claimed, box.box.services)
    assert await events(box) == {}


async def test_what_the_old_address_says_after_the_new_one_was_given_is_not_heard(
    box: BoxWorld, web: Web
) -> None:
    serves(web, vevent("a", NOON))
    made = await subscribe(box, web)
    await box.post(f"/users/ada/calendar-feeds/{made['id']}/sync")
    claimed = await box.claim()
    assert claimed is not None
    go_on = threading.Event()
    web.by_path[PATH] = Answer(200, calendar(vevent("late", TWO, title="Late")), until=go_on)
    web.by_path["/new.ics"] = Answer(200, calendar(vevent("b", TWO, title="Review")))
    asked = len(web.seen)
    reading = asyncio.create_task(box.box.engine.runner.run(claimed, box.box.services))
    while len(web.seen) == asked:
        await asyncio.sleep(0.01)
    path = f"/users/ada/calendar-feeds/{made['id']}"
    changed = await box.call("PATCH", path, {"url": web.url("/new.ics")})
    assert changed.status_code == 200, changed.text
    go_on.set()
    await reading
    await box.work()
    assert await events(box) == {
        "Standup": (AT_NOON, "cancelled"),
        "Review": (AT_TWO, "confirmed"),
    }


async def test_a_user_who_is_erased_takes_their_feeds_along(box: BoxWorld, web: Web) -> None:
    serves(web, vevent("a", NOON))
    await subscribe(box, web)
    await box.work()
    await box.call("DELETE", "/users/ada")
    assert await box.db.all("SELECT * FROM calendar_feeds") == []


def test_an_address_is_shown_by_its_host_alone() -> None:
    assert masked_url("https://x.example:444/a/b?c=d") == "https://x.example:444/…"
