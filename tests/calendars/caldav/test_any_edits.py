"""Any edits on both sides, with crashes in between: both are the same in the end, none is doubled
and nothing is lost.

What is told apart is the title, each of which is written once and begins with the name of its item.
"""

import asyncio
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import icalendar
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.calendars.caldav.accounts import account
from tests.calendars.caldav.crashing import Lives
from tests.calendars.caldav.servers import SERVERS, DavServer
from tests.calendars.caldav.test_todos import link, vtodo
from tests.clock import ManualClock

PRIORITIES = {"urgent": 1, "high": 3, "medium": 5, "low": 9}
DUES = (None, "2024-11-01", "2024-11-02T09:30:00.000Z", "2024-11-03")
HERE, THERE = "here", "there"
SIDES = st.sampled_from((HERE, THERE))
INDEX = st.integers(0, 5)
STEPS = st.one_of(
    st.tuples(st.just("add"), SIDES, INDEX),
    st.tuples(st.just("edit"), SIDES, INDEX),
    st.tuples(st.just("edit"), SIDES, INDEX),
    st.tuples(st.just("detail"), SIDES, INDEX),
    st.tuples(st.just("delete"), SIDES, INDEX),
    st.tuples(st.just("sync"), st.just(""), st.just(0)),
    st.tuples(st.just("crash before"), st.just(""), st.integers(0, 2)),
    st.tuples(st.just("crash after"), st.just(""), st.integers(0, 2)),
)
NAMES = count(1)


@dataclass
class Story:
    """What was done so far, and what must have become of it."""

    lives: Lives
    server: DavServer
    chores: str
    names: Iterator[int] = field(default_factory=lambda: count(1))
    replaced: set[str] = field(default_factory=set)
    """Titles that somebody changed who saw them."""
    written: list[str] = field(default_factory=list)
    deleted: set[str] = field(default_factory=set)
    """Names of items that were deleted on a side."""

    async def tasks(self) -> list[dict[str, Any]]:
        found = (await self.lives.box.get("/users/ada/tasks?limit=200"))["items"]
        return sorted(found, key=lambda task: str(task["title"]))

    def todos(self) -> dict[str, icalendar.Calendar]:
        paths = self.server.paths(self.chores)
        return {path: icalendar.Calendar.from_ical(self.server.read(path)) for path in paths}

    def title(self, name: str | None = None) -> str:
        made = f"{name or f'item{next(self.names)}'} v{len(self.written)}"
        self.written.append(made)
        return made

    async def step(self, what: str, side: str, index: int) -> None:
        self.lives.clock.advance(timedelta(seconds=7))
        if what == "sync":
            await self.lives.sync()
        elif what.startswith("crash"):
            await self.lives.sync(crash_at=index, is_sent=what == "crash after")
        elif side == HERE:
            await self._here(what, index)
        else:
            self._there(what, index)

    async def _here(self, what: str, index: int) -> None:
        box = self.lives.box
        if what == "add":
            task = {"projectId": "home", "title": self.title()}
            await box.post("/users/ada/tasks", task)
            return
        found = await self.tasks()
        if not found:
            return
        task = found[index % len(found)]
        path = f"/tasks/{task['id']}"
        if what == "delete":
            self.deleted.add(name_of(task["title"]))
            await box.call("DELETE", path)
        elif what == "edit":
            self.replaced.add(task["title"])
            await box.call("PATCH", path, {"title": self.title(name_of(task["title"]))})
        else:
            due = DUES[index % len(DUES)]
            is_day = due is not None and len(due) == 10
            await box.call(
                "PATCH",
                path,
                {
                    "status": "done" if index % 2 else "todo",
                    "priority": list(PRIORITIES)[index % 4],
                    "dueDate": due if is_day else None,
                    "dueAt": None if is_day else due,
                },
            )

    def _there(self, what: str, index: int) -> None:
        if what == "add":
            title = self.title()
            uid = name_of(title)
            self.server.put(f"{self.chores}{uid}.ics", vtodo(uid, self._modified(), title=title))
            return
        found = list(self.todos().items())
        if not found:
            return
        path, calendar = found[index % len(found)]
        (todo,) = calendar.walk("VTODO")
        title = str(todo["SUMMARY"])
        if what == "delete":
            self.deleted.add(name_of(title))
            self.server.delete(path)
            return
        if what == "edit":
            self.replaced.add(title)
            replace(todo, "SUMMARY", self.title(name_of(title)))
        else:
            replace(todo, "STATUS", "COMPLETED" if index % 2 else "NEEDS-ACTION")
            replace(todo, "PRIORITY", (1, 3, 5, 9)[index % 4])
            due = DUES[index % len(DUES)]
            todo.pop("DUE", None)
            todo.pop("COMPLETED", None)
            todo.pop("PERCENT-COMPLETE", None)
            if due is not None:
                todo.add("DUE", moment(due))
        replace(todo, "LAST-MODIFIED", self.lives.clock.now().replace(microsecond=0))
        self.server.put(path, calendar.to_ical().decode())

    def _modified(self) -> str:
        return f"LAST-MODIFIED:{self.lives.clock.now():%Y%m%dT%H%M%SZ}"

    async def check(self) -> None:
        here, there = await self.tasks(), self.todos()
        assert sorted(of_task(task) for task in here) == sorted(map(of_calendar, there.values()))
        names = [name_of(task["title"]) for task in here]
        assert len(set(names)) == len(names)
        notes = await self.lives.box.db.all("SELECT content FROM notes")
        noted = "\n".join(row["content"] for row in notes) + "\n"
        shown = {task["title"] for task in here}
        for title in self.written:
            is_kept = title in shown or f"Title: {title}\n" in noted
            is_gone = title in self.replaced or name_of(title) in self.deleted
            assert is_kept or is_gone, f"{title} was lost"


def name_of(title: str) -> str:
    return title.split()[0]


def moment(text: str) -> Any:
    if len(text) == 10:
        return datetime.fromisoformat(text).date()
    return datetime.fromisoformat(text).astimezone(UTC)


def replace(todo: Any, name: str, value: object) -> None:
    todo.pop(name, None)
    todo.add(name, value)


def of_task(task: dict[str, Any]) -> tuple[str, ...]:
    due = task["dueAt"] or task["dueDate"]
    return task["title"], str(task["status"] == "done"), str(due), task["priority"]


def of_calendar(calendar: icalendar.Calendar) -> tuple[str, ...]:
    """The same by another reader than the box's own."""
    (todo,) = calendar.walk("VTODO")
    due = todo.get("DUE")
    shown = "None" if due is None else due.dt.isoformat()
    if due is not None and isinstance(due.dt, datetime):
        shown = f"{due.dt.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000Z"
    priority = int(todo.get("PRIORITY", 5))
    (word,) = [name for name, number in PRIORITIES.items() if number == priority]
    return str(todo["SUMMARY"]), str(todo.get("STATUS") == "COMPLETED"), shown, word


async def live(server: DavServer, steps: list[tuple[str, str, int]]) -> None:
    chores = server.make(f"list{next(NAMES)}", "VTODO")
    with tempfile.TemporaryDirectory() as folder:
        lives = Lives(Path(folder), ManualClock())
        box = await lives.begin()
        try:
            await box.person()
            await box.sync(projects=[{"id": "home", "userId": "ada", "name": "Home"}])
            await link(box, server, chores.strip("/").rpartition("/")[2])
            story = Story(lives, server, chores)
            for step in steps:
                await story.step(*step)
            for _ in range(3):
                lives.clock.advance(timedelta(minutes=20))
                await lives.sync()
            assert (await account(lives.box))["status"] == "ok"
            await story.check()
        finally:
            await lives.end()


@pytest.fixture(scope="module", params=SERVERS)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DavServer]:
    with SERVERS[request.param](tmp_path_factory.mktemp("server")) as found:
        yield found


@given(steps=st.lists(STEPS, min_size=4, max_size=14))
@example(steps=[("add", THERE, 0), ("sync", "", 0), ("edit", HERE, 0), ("crash after", "", 0),
                ("edit", THERE, 0), ("edit", HERE, 0), ("sync", "", 0)])  # fmt: skip
@example(steps=[("add", HERE, 0), ("crash after", "", 0), ("edit", THERE, 0), ("delete", HERE, 0)])
@example(steps=[("add", HERE, 0), ("sync", "", 0), ("delete", THERE, 0)])
@example(steps=[("add", THERE, 0), ("sync", "", 0), ("delete", THERE, 0), ("edit", HERE, 0)])
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_after_any_edits_and_crashes_both_sides_are_the_same(
    server: DavServer, steps: list[tuple[str, str, int]]
) -> None:
    asyncio.run(live(server, steps))
