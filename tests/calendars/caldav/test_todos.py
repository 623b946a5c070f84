"""To-dos and tasks against real servers: both ways, in conflict, deleted, repeated."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from buildos_box.settings.limits import LimitsSettings
from tests.calendars.caldav.accounts import (
    PATH,
    account,
    add,
    calendar,
    collection,
    component,
    open_box,
    sync,
)
from tests.calendars.caldav.servers import SERVERS, DavServer, Radicale
from tests.world import BoxWorld


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
        await world.sync(projects=[{"id": "home", "userId": "ada", "name": "Home"}])
        yield world


def vtodo(uid: str, *lines: str, title: str = "Milk", **dates: str) -> str:
    return calendar(component("VTODO", uid, f"SUMMARY:{title}", *lines))


async def link(box: BoxWorld, server: DavServer, name: str = "Chores") -> None:
    """Make that list's to-dos the tasks of the project, and sync."""
    if not (await box.get(PATH))["items"]:
        await add(box, server)
    found = await collection(box, name)
    path = f"{PATH}/{(await account(box))['id']}/collections/{found['id']}"
    answer = await box.call("PATCH", path, {"projectId": "home"})
    assert answer.status_code == 200, answer.text
    await box.work()
    assert (await account(box))["status"] == "ok", await account(box)


async def tasks(box: BoxWorld) -> dict[str, Any]:
    found = await box.get("/users/ada/tasks?limit=200")
    return {task["title"]: task for task in found["items"]}


async def synced(box: BoxWorld) -> None:
    job = await sync(box)
    assert job["status"] == "completed", job["error"]


async def test_a_change_of_a_task_that_is_a_todo_or_becomes_one_is_sent_soon(
    box: BoxWorld, radicale: Radicale
) -> None:
    chores = radicale.make("Chores", "VTODO")
    await box.sync(
        projects=[{"id": "work", "userId": "ada", "name": "Work"}],
        tasks=[{"id": "t", "projectId": "home", "title": "Old"}],
    )
    await link(box, radicale)

    async def is_soon(*items: dict[str, Any]) -> bool:
        before = len(await box.jobs())
        await box.sync(tasks=list(items))
        jobs = await box.jobs()
        assert len(jobs) - before in (0, 1)
        box.clock.advance(timedelta(seconds=10))
        await box.work()
        return len(jobs) > before

    assert not await is_soon({"id": "else", "projectId": "work", "title": "Not at the server"})
    assert await is_soon(*({"id": f"n{n}", "projectId": "home", "title": "New"} for n in range(12)))
    assert len(radicale.paths(chores)) == 13
    assert not await is_soon({"id": "t", "projectId": "work"})
    assert await is_soon({"id": "t", "title": "Renamed elsewhere"})
    assert not await is_soon({"id": "t", "startDate": "2024-11-01"}, {"id": "else", "title": "Y"})


async def test_todos_become_tasks_and_tasks_todos(box: BoxWorld, server: DavServer) -> None:
    chores = server.make("Chores", "VTODO")
    server.put(f"{chores}a.ics", vtodo("a", "DUE;VALUE=DATE:20241025", "PRIORITY:1",
                                       "DESCRIPTION:two\\, fresh"))  # fmt: skip
    await box.sync(tasks=[{"id": "t", "projectId": "home", "title": "Räume, auf; \\now",
                           "description": "a\nb", "dueAt": "2024-10-26T09:30:00Z",
                           "priority": "high"}])  # fmt: skip
    await link(box, server)
    milk = (await tasks(box))["Milk"]
    assert (milk["dueDate"], milk["priority"]) == ("2024-10-25", "urgent")
    assert (milk["description"], milk["projectId"]) == ("two, fresh", "home")
    assert len(server.paths(chores)) == 2
    (other,) = [path for path in server.paths(chores) if not path.endswith("/a.ics")]
    text = server.read(other)
    assert "SUMMARY:Räume\\, auf\\; \\\\now\r\n" in text
    assert "DESCRIPTION:a\\nb\r\n" in text
    assert "DUE:20241026T093000Z\r\n" in text
    assert "PRIORITY:3\r\n" in text
    before = [await box.get("/users/ada/tasks"), text]
    await synced(box)
    await synced(box)
    assert [await box.get("/users/ada/tasks"), server.read(other)] == before


async def test_what_changes_here_is_there_within_seconds_and_all_else_of_it_is_kept(
    box: BoxWorld, server: DavServer
) -> None:
    chores = server.make("Chores", "VTODO")
    alarm = ("BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:ring", "TRIGGER:-PT5M", "END:VALARM")
    kept = ("X-APPLE-SORT-ORDER:7", "CATEGORIES:shop,food", "LOCATION:Market", "CLASS:PRIVATE")
    server.put(f"{chores}a.ics", vtodo("a", "DUE;VALUE=DATE:20241025", *kept, *alarm))
    await link(box, server)
    milk = (await tasks(box))["Milk"]
    await box.call("PATCH", f"/tasks/{milk['id']}", {
        "status": "done", "title": "Oat milk", "dueDate": None,
        "description": "x" * 100})  # fmt: skip
    box.clock.advance(timedelta(seconds=2))
    await box.work()
    assert "SUMMARY:Milk" in server.read(f"{chores}a.ics")
    box.clock.advance(timedelta(seconds=4))
    await box.work()
    text = server.read(f"{chores}a.ics")
    assert "SUMMARY:Oat milk" in text
    assert "STATUS:COMPLETED" in text
    assert "\r\nCOMPLETED:20241023T080000Z" in text
    assert "DUE" not in text
    assert "x" * 100 in text.replace("\r\n ", "")
    assert text.count("DESCRIPTION:ring") == 1
    for line in kept:
        assert line in text.replace("\\,", ",")
    await box.call("PATCH", f"/tasks/{milk['id']}", {"status": "todo", "dueDate": "2024-11-01"})
    await box.run_until("2024-10-23T08:01:00Z", step=timedelta(seconds=10))
    text = server.read(f"{chores}a.ics")
    assert "STATUS:NEEDS-ACTION" in text
    assert "COMPLETED" not in text
    assert "DUE;VALUE=DATE:20241101" in text


async def test_what_changes_there_changes_here_and_no_more_is_sent(
    box: BoxWorld, server: DavServer
) -> None:
    chores = server.make("Chores", "VTODO")
    server.put(f"{chores}a.ics", vtodo("a"))
    await link(box, server)
    done = vtodo("a", "STATUS:COMPLETED", "COMPLETED:20241023T070000Z", "PRIORITY:9",
                 "DUE:20241024T100000Z", title="Milk!")  # fmt: skip
    etag = server.put(f"{chores}a.ics", done).headers["etag"]
    await synced(box)
    milk = (await tasks(box))["Milk!"]
    assert (milk["status"], milk["priority"]) == ("done", "low")
    assert milk["dueAt"] == "2024-10-24T10:00:00.000Z"
    await box.run_until("2024-10-23T08:40:00Z")
    assert server.http.get(f"{chores}a.ics").headers["etag"] == etag
    assert len(await tasks(box)) == 1


async def test_deletions_go_both_ways_and_only_when_they_are_said(
    box: BoxWorld, server: DavServer
) -> None:
    chores = server.make("Chores", "VTODO")
    for uid in ("a", "b", "c"):
        server.put(f"{chores}{uid}.ics", vtodo(uid, title=uid))
    await link(box, server)
    server.delete(f"{chores}a.ics")
    found = await tasks(box)
    await box.call("DELETE", f"/tasks/{found['b']['id']}")
    await synced(box)
    assert set(await tasks(box)) == {"c"}
    assert server.paths(chores) == [f"{chores}c.ics"]
    await synced(box)
    assert set(await tasks(box)) == {"c"}


async def test_a_todo_made_from_here_and_deleted_there_before_it_was_listed_is_gone_here(
    box: BoxWorld, server: DavServer
) -> None:
    chores = server.make("Chores", "VTODO")
    await link(box, server)
    await box.sync(tasks=[{"id": "t", "projectId": "home", "title": "Bread"}])
    await synced(box)
    (path,) = server.paths(chores)
    server.delete(path)
    await synced(box)
    assert await tasks(box) == {}


async def test_a_todo_that_a_full_listing_lacks_is_not_taken_for_deleted(
    box: BoxWorld, server: DavServer
) -> None:
    chores = server.make("Chores", "VTODO")
    server.put(f"{chores}a.ics", vtodo("a"))
    await link(box, server)
    await box.db.write(lambda tx: tx.execute("UPDATE caldav_collections SET todo_token = NULL"))
    server.delete(f"{chores}a.ics")
    await synced(box)
    assert set(await tasks(box)) == {"Milk"}


async def test_a_list_that_vanishes_takes_no_task_with_it(
    box: BoxWorld, radicale: Radicale
) -> None:
    chores = radicale.make("Chores", "VTODO")
    radicale.put(f"{chores}a.ics", vtodo("a"))
    await link(box, radicale)
    radicale.delete(chores)
    await synced(box)
    assert set(await tasks(box)) == {"Milk"}


async def test_a_project_that_is_deleted_deletes_no_todo(box: BoxWorld, radicale: Radicale) -> None:
    chores = radicale.make("Chores", "VTODO")
    radicale.put(f"{chores}a.ics", vtodo("a"))
    await link(box, radicale)
    await box.call("DELETE", "/projects/home")
    await synced(box)
    assert radicale.paths(chores) == [f"{chores}a.ics"]


async def notes(box: BoxWorld) -> list[str]:
    return [row["content"] for row in await box.db.all("SELECT content FROM notes ORDER BY seq")]


async def test_fields_changed_on_one_side_each_are_joined_without_a_conflict(
    box: BoxWorld, server: DavServer
) -> None:
    chores = server.make("Chores", "VTODO")
    server.put(f"{chores}a.ics", vtodo("a"))
    await link(box, server)
    milk = (await tasks(box))["Milk"]
    server.put(f"{chores}a.ics", vtodo("a", "PRIORITY:1", "X-THEIRS:1"))
    await box.call("PATCH", f"/tasks/{milk['id']}", {"title": "Oat milk"})
    await synced(box)
    milk = (await tasks(box))["Oat milk"]
    assert milk["priority"] == "urgent"
    text = server.read(f"{chores}a.ics")
    assert "SUMMARY:Oat milk" in text
    assert "PRIORITY:1" in text
    assert "X-THEIRS:1" in text
    assert await notes(box) == []


@pytest.mark.parametrize("newer", ["here", "there"])
async def test_of_a_field_that_changed_on_both_sides_the_newer_wins_and_the_other_is_noted(
    box: BoxWorld, server: DavServer, newer: str
) -> None:
    chores = server.make("Chores", "VTODO")
    server.put(f"{chores}a.ics", vtodo("a"))
    await link(box, server)
    milk = (await tasks(box))["Milk"]
    box.clock.advance(timedelta(minutes=3))
    stamp = "20241023T080200Z" if newer == "here" else "20241023T080400Z"
    server.put(f"{chores}a.ics", vtodo("a", f"LAST-MODIFIED:{stamp}", title="Their milk"))
    await box.call("PATCH", f"/tasks/{milk['id']}", {"title": "My milk"})
    await synced(box)
    kept, lost = ("My milk", "Their milk") if newer == "here" else ("Their milk", "My milk")
    assert set(await tasks(box)) == {kept}
    assert f"SUMMARY:{kept}" in server.read(f"{chores}a.ics")
    (note,) = await notes(box)
    assert f"Title: {lost}" in note
    await synced(box)
    assert len(await notes(box)) == 1


async def test_a_change_there_between_fetching_and_sending_is_not_overwritten(
    box: BoxWorld, server: DavServer
) -> None:
    chores = server.make("Chores", "VTODO")
    server.put(f"{chores}a.ics", vtodo("a"))
    await link(box, server)
    milk = (await tasks(box))["Milk"]
    server.put(f"{chores}a.ics", vtodo("a", "PRIORITY:1"))
    # As if the change had come after the list was asked for.
    home = server.http.request("PROPFIND", chores, headers={"Depth": "0",
        "Content-Type": "application/xml"}, content=_TOKEN).text  # fmt: skip
    token = home.split("sync-token>")[1].split("<")[0]
    await box.db.write(lambda tx: tx.execute(
        "UPDATE caldav_collections SET todo_token = ? WHERE project_id NOT NULL",
        (token,)))  # fmt: skip
    await box.call("PATCH", f"/tasks/{milk['id']}", {"title": "Oat milk"})
    await synced(box)
    text = server.read(f"{chores}a.ics")
    assert "SUMMARY:Oat milk" in text
    assert "PRIORITY:1" in text
    assert (await tasks(box))["Oat milk"]["priority"] == "urgent"


_TOKEN = '<d:propfind xmlns:d="DAV:"><d:prop><d:sync-token/></d:prop></d:propfind>'


async def test_a_change_outlives_a_deletion_on_the_other_side(
    box: BoxWorld, server: DavServer
) -> None:
    chores = server.make("Chores", "VTODO")
    for uid in ("a", "b"):
        server.put(f"{chores}{uid}.ics", vtodo(uid, "X-KEPT:1", title=uid))
    await link(box, server)
    found = await tasks(box)
    server.delete(f"{chores}a.ics")
    await box.call("PATCH", f"/tasks/{found['a']['id']}", {"title": "a changed"})
    await box.call("DELETE", f"/tasks/{found['b']['id']}")
    server.put(f"{chores}b.ics", vtodo("b", title="b changed"))
    await synced(box)
    await synced(box)
    assert set(await tasks(box)) == {"a changed", "b changed"}
    assert server.paths(chores) == [f"{chores}a.ics", f"{chores}b.ics"]
    text = server.read(f"{chores}a.ics")
    assert "SUMMARY:a changed" in text
    assert "X-KEPT:1" in text


DAILY = ("RRULE:FREQ=DAILY", "DTSTART;TZID=Europe/Berlin:20241023T090000",
         "DUE;TZID=Europe/Berlin:20241023T100000")  # fmt: skip
BERLIN = "\r\n".join(
    ("BEGIN:VTIMEZONE", "TZID:Europe/Berlin", "BEGIN:STANDARD", "DTSTART:19701025T030000",
     "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU", "TZOFFSETFROM:+0200", "TZOFFSETTO:+0100",
     "END:STANDARD", "BEGIN:DAYLIGHT", "DTSTART:19700329T020000",
     "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", "TZOFFSETFROM:+0100", "TZOFFSETTO:+0200",
     "END:DAYLIGHT", "END:VTIMEZONE"))  # fmt: skip


async def test_of_a_series_one_instance_is_completed_and_the_task_goes_on_with_the_next(
    box: BoxWorld, server: DavServer
) -> None:
    chores = server.make("Chores", "VTODO")
    water = component("VTODO", "w", "SUMMARY:Water", *DAILY)
    server.put(f"{chores}w.ics", calendar(BERLIN, water))
    await link(box, server)
    found = (await tasks(box))["Water"]
    assert found["dueAt"] == "2024-10-23T08:00:00.000Z"
    for day, hour in ((24, 8), (25, 8), (26, 8), (27, 9)):
        await box.call("PATCH", f"/tasks/{found['id']}", {"status": "done"})
        await synced(box)
        found = (await tasks(box))["Water"]
        assert (found["status"], found["dueAt"]) == ("todo", f"2024-10-{day}T0{hour}:00:00.000Z")
    text = server.read(f"{chores}w.ics")
    assert text.count("RRULE:FREQ=DAILY") == 1
    assert text.count("STATUS:COMPLETED") == 4
    assert "RECURRENCE-ID;TZID=Europe/Berlin:20241026T090000" in text
    await box.call(
        "PATCH", f"/tasks/{found['id']}", {"title": "Water all", "dueDate": "2024-10-30"}
    )
    await synced(box)
    text = server.read(f"{chores}w.ics")
    assert "SUMMARY:Water all" in text
    assert (await tasks(box))["Water all"]["dueDate"] == "2024-10-30"
    assert len(server.paths(chores)) == 1


async def test_linked_anew_nothing_is_doubled(box: BoxWorld, server: DavServer) -> None:
    chores = server.make("Chores", "VTODO")
    server.put(f"{chores}a.ics", vtodo("a"))
    await box.sync(tasks=[{"id": "t", "projectId": "home", "title": "Bread"}])
    await link(box, server)
    made = await account(box)
    await box.call("DELETE", f"{PATH}/{made['id']}")
    assert set(await tasks(box)) == {"Milk", "Bread"}
    await link(box, server)
    await synced(box)
    assert len((await box.get("/users/ada/tasks"))["items"]) == 2
    assert len(server.paths(chores)) == 2


async def test_a_list_goes_with_one_project_of_its_owner(box: BoxWorld, radicale: Radicale) -> None:
    radicale.make("Chores", "VTODO")
    radicale.make("More", "VTODO")
    radicale.make("Work", "VEVENT")
    await box.person("bob")
    await box.sync(projects=[{"id": "bobs", "userId": "bob", "name": "Bob's"}])
    await link(box, radicale)
    path = f"{PATH}/{(await account(box))['id']}/collections"
    for name, project in (("More", "home"), ("More", "bobs"), ("More", "none"), ("Work", "home")):
        found = await collection(box, name)
        answer = await box.call("PATCH", f"{path}/{found['id']}", {"projectId": project})
        assert answer.status_code == 422, (name, project)
        assert answer.json()["details"][0]["field"] == "projectId"
    found = await collection(box, "Chores")
    await box.call("PATCH", f"{path}/{found['id']}", {"projectId": ""})
    assert (await collection(box, "Chores"))["projectId"] is None


async def test_a_list_that_takes_the_processor_is_put_off(
    box: BoxWorld, radicale: Radicale
) -> None:
    chores = radicale.make("Chores", "VTODO")
    radicale.put(f"{chores}a.ics", vtodo("a"))
    await link(box, radicale)
    radicale.put(f"{chores}b.ics", vtodo("b", title="Bread"))
    spent = "UPDATE daily_usage SET count = 999000 WHERE name = 'feed_cpu_seconds_per_day'"
    assert (await box.db.write(lambda tx: tx.execute(spent).rowcount)) == 1
    job = await sync(box)
    assert job["status"] == "queued_for_retry"
    assert "processor time" in (await account(box))["error"]
    assert set(await tasks(box)) == {"Milk"}
    box.clock.advance(timedelta(days=1))
    await synced(box)
    assert set(await tasks(box)) == {"Milk", "Bread"}


async def test_texts_of_todos_fill_no_more_than_their_owner_may(
    tmp_path: Path, radicale: Radicale
) -> None:
    chores = radicale.make("Chores", "VTODO")
    radicale.put(f"{chores}a.ics", vtodo("a", f"X-LONG:{'x' * 9_000}"))
    limits = LimitsSettings(max_bytes_per_user=8_000)
    async with open_box(tmp_path / "small", limits=limits) as box:
        await box.sync(projects=[{"id": "home", "userId": "ada", "name": "Home"}])
        await link(box, radicale)
        radicale.put(f"{chores}b.ics", vtodo("b", title="Bread"))
        assert (await sync(box))["status"] == "failed"
        assert "limits.max_bytes_per_user" in (await account(box))["error"]
        assert set(await tasks(box)) == {"Milk"}


async def test_a_todo_that_is_too_long_is_told_and_the_others_come(
    box: BoxWorld, radicale: Radicale
) -> None:
    chores = radicale.make("Chores", "VTODO")
    await link(box, radicale)
    radicale.put(f"{chores}a.ics", vtodo("a", f"X-LONG:{'x' * 70_000}"))
    radicale.put(f"{chores}b.ics", vtodo("b", title="Bread"))
    assert (await sync(box))["status"] == "failed"
    assert "is too long" in (await account(box))["error"]
    assert set(await tasks(box)) == {"Bread"}
