"""A workspace over a real file: sync, look, and hear what is announced."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from buildos_box.db import Database
from buildos_box.errors import Unprocessable
from buildos_box.workspace import changes
from buildos_box.workspace.batch import read_sync
from buildos_box.workspace.sync import write
from tests.clock import ManualClock

CHANGES = [
    changes.UserSaved,
    changes.UserDeleted,
    changes.PreferencesChanged,
    changes.ProjectSaved,
    changes.ProjectDeleted,
    changes.TasksSaved,
    changes.TaskDeleted,
    changes.EventSaved,
    changes.EventMoved,
    changes.EventCancelled,
    changes.EventDeleted,
]


@dataclass
class Workspace:
    db: Database
    clock: ManualClock
    heard: list[Any] = field(default_factory=list)

    async def sync(self, **body: Any) -> dict[str, tuple[int, int, int, int]]:
        """Sync and answer (created, updated, unchanged, deleted) by list."""
        changed = await write(self.db, read_sync(body), self.clock.now())
        return {
            name: (counts.created, counts.updated, counts.unchanged, counts.deleted)
            for name, counts in changed.items()
        }

    async def faults(self, **body: Any) -> dict[str, str]:
        """Sync what must be refused; answer the faults by path."""
        with pytest.raises(Unprocessable) as caught:
            await self.sync(**body)
        return {fault.field: fault.message for fault in caught.value.details}

    async def rows(self, table: str) -> list[dict[str, Any]]:
        return [dict(row) for row in await self.db.all(f"SELECT * FROM {table}")]

    async def row(self, table: str, key: str) -> dict[str, Any]:
        name = "user_id" if table == "preferences" else "id"
        row = await self.db.one(f"SELECT * FROM {table} WHERE {name} = ?", (key,))
        assert row is not None
        return dict(row)

    def news(self) -> list[Any]:
        """What has been announced since the last time of asking."""
        heard, self.heard = self.heard, []
        return heard


@pytest.fixture
async def workspace(tmp_path: Path) -> AsyncIterator[Workspace]:
    clock = ManualClock()
    db = await Database.open(tmp_path / "box.sqlite3", clock)
    world = Workspace(db, clock)
    for change in CHANGES:
        db.subscribe(change, lambda _tx, change: world.heard.append(change))
    yield world
    await db.close()


ADA: dict[str, Any] = {"id": "ada", "email": "ada@example.org", "timezone": "Europe/Berlin"}
BEN: dict[str, Any] = {"id": "ben", "email": "ben@example.org"}
HOME: dict[str, Any] = {"id": "home", "userId": "ada", "name": "Home"}
RENT: dict[str, Any] = {"id": "rent", "projectId": "home", "title": "Pay rent"}
STANDUP: dict[str, Any] = {
    "id": "standup",
    "userId": "ada",
    "title": "Standup",
    "startAt": "2024-10-23T08:00:00Z",
    "endAt": "2024-10-23T08:30:00Z",
}


@pytest.fixture
async def ada(workspace: Workspace) -> Workspace:
    """Ada with a project, a task and an event; Ben with a project of his own."""
    await workspace.sync(
        users=[ADA, BEN],
        projects=[HOME, {"id": "bens", "userId": "ben", "name": "Ben's"}],
        tasks=[RENT, {"id": "bens-task", "projectId": "bens", "title": "His"}],
        events=[STANDUP],
    )
    workspace.news()
    return workspace
