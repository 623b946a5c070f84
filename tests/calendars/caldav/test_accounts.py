"""CalDAV accounts against real servers: found, read, refused, given up."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.calendars.caldav.accounts import (
    LOGIN,
    PATH,
    account,
    add,
    collection,
    last_job,
    open_box,
    sync,
    vevent,
)
from tests.calendars.caldav.servers import PASSWORD, SERVERS, DavServer, Radicale
from tests.calendars.feeds import events
from tests.world import BoxWorld

NOON, TWO = "20241024T120000Z", "20241024T140000Z"
AT_NOON, AT_TWO = "2024-10-24T12:00:00.000Z", "2024-10-24T14:00:00.000Z"


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DavServer]:
    with SERVERS[request.param](tmp_path / "server") as found:
        yield found


@pytest.fixture
def radicale(tmp_path: Path) -> Iterator[Radicale]:
    with Radicale(tmp_path / "server") as found:
        yield found


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[BoxWorld]:
    async with open_box(tmp_path / "box") as world:
        yield world


async def test_calendars_are_found_from_the_servers_address_and_their_events_come_in(
    box: BoxWorld, server: DavServer
) -> None:
    work = server.make("Work", "VEVENT")
    server.make("Chores", "VTODO")
    server.put(f"{work}a.ics", vevent("a", NOON))
    server.put(f"{work}b.ics", vevent("b", TWO, title="Review"))
    made = await add(box, server)
    names = {c["name"].title(): c["readsEvents"] for c in made["collections"]}
    assert names["Work"]
    assert "Chores" in names
    assert await events(box) == {
        "Standup": (AT_NOON, "confirmed"),
        "Review": (AT_TWO, "confirmed"),
    }
    found = await account(box)
    assert (found["status"], found["error"]) == ("ok", None)
    assert (await collection(box, "Work"))["eventCount"] == 2


async def test_a_moved_event_moves_and_a_deleted_one_is_cancelled(
    box: BoxWorld, server: DavServer
) -> None:
    work = server.make("Work", "VEVENT")
    server.put(f"{work}a.ics", vevent("a", NOON))
    server.put(f"{work}b.ics", vevent("b", NOON, title="Review"))
    await add(box, server)
    server.put(f"{work}a.ics", vevent("a", TWO))
    server.delete(f"{work}b.ics")
    await box.run_until("2024-10-23T08:21:00Z")
    assert await events(box) == {
        "Standup": (AT_TWO, "confirmed"),
        "Review": (AT_NOON, "cancelled"),
    }


async def test_an_unchanged_calendar_is_not_read_again_that_day(
    box: BoxWorld, radicale: Radicale
) -> None:
    work = radicale.make("Work", "VEVENT")
    radicale.put(f"{work}a.ics", vevent("a", "20241020T120000Z", "RRULE:FREQ=DAILY"))
    await add(box, radicale)
    read = "SELECT read_at, max(start_at) FROM caldav_collections, events WHERE name = 'Work'"
    first = tuple(await box.db.one(read))
    box.clock.advance(timedelta(hours=2))
    await sync(box)
    assert tuple(await box.db.one(read)) == first
    box.clock.advance(timedelta(hours=20))
    await sync(box)
    assert tuple(await box.db.one(read)) > first


async def test_only_chosen_calendars_are_read(box: BoxWorld, radicale: Radicale) -> None:
    work = radicale.make("Work", "VEVENT")
    radicale.put(f"{work}a.ics", vevent("a", NOON))
    made = await add(box, radicale)
    one = f"{PATH}/{made['id']}/collections/{(await collection(box, 'Work'))['id']}"
    await box.call("PATCH", one, {"readsEvents": False})
    assert await events(box) == {}
    await sync(box)
    assert await events(box) == {}
    await box.call("PATCH", one, {"readsEvents": True})
    await box.work()
    assert await events(box) == {"Standup": (AT_NOON, "confirmed")}


async def test_a_calendar_made_later_is_listed_and_not_read_unasked(
    box: BoxWorld, radicale: Radicale
) -> None:
    radicale.make("Work", "VEVENT")
    await add(box, radicale)
    later = radicale.make("Later", "VEVENT")
    radicale.put(f"{later}a.ics", vevent("a", NOON))
    await sync(box)
    assert (await collection(box, "Later"))["readsEvents"] is False
    assert await events(box) == {}


async def test_a_calendar_that_is_no_longer_listed_loses_nothing_here(
    box: BoxWorld, radicale: Radicale
) -> None:
    work = radicale.make("Work", "VEVENT")
    radicale.put(f"{work}a.ics", vevent("a", NOON))
    await add(box, radicale)
    radicale.delete(work)
    assert (await sync(box))["status"] == "completed"
    assert (await collection(box, "Work"))["isMissing"] is True
    assert await events(box) == {"Standup": (AT_NOON, "confirmed")}


async def test_a_wrong_password_adds_nothing(box: BoxWorld, radicale: Radicale) -> None:
    wrong = {**LOGIN, "password": "another-pass"}
    answer = await box.call("POST", PATH, {"url": radicale.url, **wrong})
    assert answer.status_code == 422
    assert answer.json()["details"][0]["field"] == "password"
    assert "another-pass" not in answer.text
    assert (await box.get(PATH))["items"] == []


async def test_a_password_that_is_withdrawn_stops_the_account_until_it_is_given_anew(
    box: BoxWorld, radicale: Radicale
) -> None:
    work = radicale.make("Work", "VEVENT")
    made = await add(box, radicale)
    radicale.kill()
    radicale.start(password="changed-77")
    assert (await sync(box))["status"] == "failed"
    found = await account(box)
    assert found["status"] == "stopped"
    assert "refuses that user name and password" in found["error"]
    told = await box.db.all(
        "SELECT body FROM notifications WHERE event_type = 'calendar.sync_failed'"
    )
    assert [("Home" in row["body"], "given anew" in row["body"]) for row in told] == [(True, True)]
    jobs = len(await box.jobs())
    await box.run_until("2024-10-23T09:00:00Z")
    assert len([j for j in await box.jobs() if j["job_type"] == "sync_caldav_account"]) == 2
    assert (await box.call("POST", f"{PATH}/{made['id']}/sync")).status_code == 409
    assert jobs
    refused = await box.call("PATCH", f"{PATH}/{made['id']}", {"password": "wrong"})
    assert refused.status_code == 422
    radicale.put_as("changed-77", f"{work}a.ics", vevent("a", NOON))
    changed = await box.call("PATCH", f"{PATH}/{made['id']}", {"password": "changed-77"})
    assert changed.status_code == 200, changed.text
    await box.work()
    assert (await account(box))["status"] == "ok"
    assert await events(box) == {"Standup": (AT_NOON, "confirmed")}


async def test_a_server_that_is_away_is_tried_again_and_told_after_three_times(
    box: BoxWorld, radicale: Radicale
) -> None:
    radicale.make("Work", "VEVENT")
    await add(box, radicale)
    radicale.kill()
    job = await sync(box)
    assert job["status"] == "queued_for_retry"
    found = await account(box)
    assert (found["status"], found["failures"]) == ("failing", 1)
    await box.run_until("2024-10-23T08:20:00Z")
    assert (await account(box))["failures"] >= 3
    radicale.start()
    await sync(box)
    found = await account(box)
    assert (found["status"], found["failures"], found["error"]) == ("ok", 0, None)
    assert len(await box.db.all("SELECT 1 FROM notifications WHERE user_id = 'ada'")) == 1


async def test_the_same_account_is_added_once_and_only_so_many(
    box: BoxWorld, radicale: Radicale
) -> None:
    radicale.make("Work", "VEVENT")
    made = await add(box, radicale)
    assert (await add(box, radicale))["id"] == made["id"]
    for n in range(5):
        await box.db.write(lambda tx, n=n: tx.execute(_COPY, (f"{n}", f"{n}")))
    page = await box.get(f"{PATH}?limit=2")
    rest = await box.get(f"{PATH}?limit=2&cursor={page['nextCursor']}")
    assert [one["id"] for one in (*page["items"], *rest["items"])] == ["4", "3", "2", "1"]
    await box.call("DELETE", f"{PATH}/{made['id']}")
    answer = await box.call("POST", PATH, {"url": radicale.url, **LOGIN})
    assert answer.status_code == 409
    assert "5 CalDAV accounts" in answer.text


async def test_an_account_without_a_login_or_a_person_is_refused(box: BoxWorld) -> None:
    url = "http://127.0.0.1:9/"
    for missing in ("username", "password"):
        answer = await box.call("POST", PATH, {"url": url, **LOGIN, missing: ""})
        assert (answer.status_code, answer.json()["details"][0]["field"]) == (422, missing)
    answer = await box.call("POST", PATH.replace("ada", "nobody"), {"url": url, **LOGIN})
    assert answer.status_code == 404
    for method, more in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/sync")):
        answer = await box.call(method, f"{PATH}/none{more}", {} if method == "PATCH" else None)
        assert answer.status_code == 404


_COPY = """INSERT INTO caldav_accounts (id, user_id, name, url, home_url, username, sealed_password,
                                        next_sync_at, created_at, updated_at)
           SELECT ?, user_id, name, url, ?, username, sealed_password, '2999', '', ''
             FROM caldav_accounts LIMIT 1"""


async def test_an_account_given_up_takes_its_events_and_a_user_their_accounts(
    box: BoxWorld, radicale: Radicale
) -> None:
    work = radicale.make("Work", "VEVENT")
    radicale.put(f"{work}a.ics", vevent("a", NOON))
    made = await add(box, radicale)
    answer = await box.call("DELETE", f"{PATH}/{made['id']}")
    assert answer.status_code == 204
    assert await events(box) == {}
    assert radicale.paths(work) == [f"{work}a.ics"]
    await add(box, radicale)
    await box.call("DELETE", "/users/ada")
    assert await box.db.all("SELECT * FROM caldav_accounts") == []
    assert await box.db.all("SELECT * FROM caldav_collections") == []


async def test_a_paused_account_is_not_synced(box: BoxWorld, radicale: Radicale) -> None:
    work = radicale.make("Work", "VEVENT")
    made = await add(box, radicale)
    await box.call("PATCH", f"{PATH}/{made['id']}", {"isActive": False, "name": "Mine"})
    radicale.put(f"{work}a.ics", vevent("a", NOON))
    await box.run_until("2024-10-23T09:00:00Z")
    found = await account(box)
    assert (found["status"], found["name"], found["nextSyncAt"]) == ("paused", "Mine", None)
    assert await events(box) == {}
    await box.call("PATCH", f"{PATH}/{made['id']}", {"isActive": True})
    await box.work()
    assert await events(box) == {"Standup": (AT_NOON, "confirmed")}


async def test_the_password_is_in_no_answer_export_or_job(
    box: BoxWorld, radicale: Radicale, tmp_path: Path
) -> None:
    radicale.make("Work", "VEVENT")
    made = await add(box, radicale)
    radicale.kill()
    await sync(box)
    for path in (PATH, f"{PATH}/{made['id']}", "/users/ada/export", "/users/ada/jobs", "/logs"):
        answer = await box.call("GET", path)
        assert PASSWORD not in answer.text
        assert "sealed" not in answer.text.lower()
    assert "caldav_accounts" in (await box.get("/users/ada/export"))["records"]
    job = await last_job(box)
    assert PASSWORD not in str(dict(job))
    for file in (tmp_path / "box").glob("*.sqlite3*"):
        assert PASSWORD.encode() not in file.read_bytes()
