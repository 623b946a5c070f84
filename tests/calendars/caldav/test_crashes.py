"""A sync that is cut off, at the box's end or at the server's: nothing doubled, nothing lost."""

import threading
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.calendars.caldav.accounts import account, add
from tests.calendars.caldav.crashing import Lives
from tests.calendars.caldav.servers import SERVERS, DavServer, Radicale
from tests.calendars.caldav.test_todos import link, tasks, vtodo
from tests.clock import ManualClock
from tests.world import BoxWorld


@pytest.fixture
async def lives(tmp_path: Path) -> AsyncIterator[Lives]:
    found = Lives(tmp_path / "box", ManualClock())
    box = await found.begin()
    await box.person()
    await box.sync(projects=[{"id": "home", "userId": "ada", "name": "Home"}])
    yield found
    await found.end()


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    with SERVERS[request.param](tmp_path / "server") as found:
        yield found


def titles(server: DavServer, chores: str) -> list[str]:
    found = []
    for path in server.paths(chores):
        text = server.read(path)
        assert text.count("\nSUMMARY:") == 1
        found.append(text.split("\nSUMMARY:")[1].split("\r\n")[0])
    return sorted(found)


async def both(box: BoxWorld, server: DavServer, chores: str) -> list[str]:
    """The titles on both sides, which must be the same."""
    here = (await box.get("/users/ada/tasks?limit=200"))["items"]
    assert sorted(task["title"] for task in here) == titles(server, chores)
    return titles(server, chores)


@pytest.mark.parametrize("is_sent", [False, True], ids=["before it is sent", "after it arrived"])
@pytest.mark.parametrize("number", [0, 1, 2])
async def test_a_box_that_dies_at_a_write_makes_and_changes_each_todo_once(
    lives: Lives, server: DavServer, number: int, *, is_sent: bool
) -> None:
    chores = server.make("Chores", "VTODO")
    for uid in ("a", "b"):
        server.put(f"{chores}{uid}.ics", vtodo(uid, title=uid))
    await link(lives.box, server)
    found = await tasks(lives.box)
    await lives.box.sync(
        tasks=[
            {"id": "t", "projectId": "home", "title": "new"},
            {"id": found["a"]["id"], "title": "a changed"},
        ],
        delete={"tasks": [found["b"]["id"]]},
    )
    await lives.sync(crash_at=number, is_sent=is_sent)
    assert lives.crashes == 1
    await lives.sync()
    assert await both(lives.box, server, chores) == ["a changed", "new"]
    assert len(server.paths(chores)) == 2
    assert await lives.box.db.all("SELECT * FROM notes") == []


async def test_what_changes_here_between_a_write_and_its_crash_is_no_conflict(
    lives: Lives, server: DavServer
) -> None:
    chores = server.make("Chores", "VTODO")
    server.put(f"{chores}a.ics", vtodo("a"))
    await link(lives.box, server)
    milk = (await tasks(lives.box))["Milk"]
    await lives.box.call("PATCH", f"/tasks/{milk['id']}", {"title": "Oat milk"})
    await lives.sync(crash_at=0, is_sent=True)
    await lives.box.call("PATCH", f"/tasks/{milk['id']}", {"title": "Rice milk"})
    await lives.sync()
    assert await both(lives.box, server, chores) == ["Rice milk"]
    assert await lives.box.db.all("SELECT * FROM notes") == []


async def test_a_task_deleted_while_its_todo_was_on_its_way_stays_deleted(
    lives: Lives, server: DavServer
) -> None:
    chores = server.make("Chores", "VTODO")
    server.put(f"{chores}a.ics", vtodo("a"))
    await link(lives.box, server)
    milk = (await tasks(lives.box))["Milk"]
    await lives.box.sync(tasks=[{"id": "t", "projectId": "home", "title": "new"},
                                {"id": milk["id"], "title": "Oat milk"}])  # fmt: skip
    await lives.sync(crash_at=1, is_sent=True)
    await lives.box.call("DELETE", "/tasks/t")
    await lives.box.call("DELETE", f"/tasks/{milk['id']}")
    await lives.sync()
    assert await both(lives.box, server, chores) == []


@pytest.mark.parametrize("is_sent", [False, True], ids=["before", "after"])
async def test_a_server_killed_in_mid_sync_has_everything_once_when_it_is_back(
    lives: Lives, server: DavServer, *, is_sent: bool
) -> None:
    chores = server.make("Chores", "VTODO")
    await link(lives.box, server)
    wanted = [f"task {n}" for n in range(6)]
    await lives.box.sync(
        tasks=[{"id": title[5:], "projectId": "home", "title": title} for title in wanted]
    )

    async def kill() -> None:
        server.kill()

    lives.egress.trouble_at(3, kill, is_sent=is_sent)
    await lives.sync()
    assert (await account(lives.box))["status"] == "failing"
    server.start()
    lives.clock.advance(timedelta(minutes=20))
    await lives.sync()
    assert (await account(lives.box))["status"] == "ok"
    assert await both(lives.box, server, chores) == wanted
    assert lives.egress.methods.count("PUT") <= len(wanted) + 1


@pytest.mark.parametrize("seconds", [0.05, 0.1, 0.2, 0.4])
async def test_a_server_killed_at_any_moment_has_everything_once_when_it_is_back(
    lives: Lives, tmp_path: Path, seconds: float
) -> None:
    with Radicale(tmp_path / "server") as server:
        chores = server.make("Chores", "VTODO")
        await add(lives.box, server)
        await link(lives.box, server)
        wanted = sorted(f"task {n}" for n in range(30))
        await lives.box.sync(
            tasks=[{"id": title[5:], "projectId": "home", "title": title} for title in wanted]
        )
        timer = threading.Timer(seconds, server.kill)
        timer.start()
        await lives.sync()
        timer.join()
        server.start()
        lives.clock.advance(timedelta(minutes=20))
        await lives.sync()
        assert await both(lives.box, server, chores) == wanted
