"""The SQL of projects, tasks and notes for briefs and phases.

Every read names the user: another user's rows are not found, whatever ids are given. `day.py` says
why some name an index, or have `CROSS JOIN`.
"""

import json
from collections.abc import Sequence

from buildos_box.clock import Instant, to_text
from buildos_box.db import Database, Row, Tx
from buildos_box.workspace.model import Dependency, Note, Project, Task

INBOX = "Inbox"
"""The name of the project that takes tasks which name none."""


def notes_of_projects(
    tx: Tx, user_id: str, project_ids: Sequence[str], *, per_project: int = 5
) -> list[Note]:
    """The latest notes of each of those projects, newest first."""
    rows = tx.all(
        """SELECT * FROM (
               SELECT n.*, row_number() OVER (
                          PARTITION BY n.project_id ORDER BY n.updated_at DESC, n.seq DESC) AS nth
                 FROM projects p INDEXED BY projects_user
                 CROSS JOIN notes n ON n.project_id = p.id
                WHERE p.user_id = :user AND p.id IN (SELECT value FROM json_each(:ids)))
            WHERE nth <= :most ORDER BY updated_at DESC, seq DESC""",
        {"user": user_id, "ids": json.dumps(sorted(set(project_ids))), "most": per_project},
    )
    return [Note.of(row) for row in rows]


def dependencies_among(tx: Tx, task_ids: Sequence[str]) -> list[Dependency]:
    """The dependencies among those tasks."""
    rows = tx.all(
        """WITH chosen AS MATERIALIZED (SELECT DISTINCT value AS id FROM json_each(:ids))
           SELECT d.task_id, d.depends_on_id
             FROM chosen c CROSS JOIN task_dependencies d ON d.task_id = c.id
            CROSS JOIN chosen o ON o.id = d.depends_on_id
            ORDER BY d.task_id, d.depends_on_id""",
        {"ids": json.dumps(list(task_ids))},
    )
    return [Dependency(row["task_id"], row["depends_on_id"]) for row in rows]


async def get_project(db: Database, user_id: str, project_id: str) -> Project | None:
    """The project, if it belongs to that user; None otherwise."""
    row = await db.by_key(
        "SELECT * FROM projects WHERE id = ? AND user_id = ?", (project_id, user_id)
    )
    return Project.of(row) if row else None


async def project_of_name(db: Database, user_id: str, name: str) -> Row | None:
    """The user's project of that name in any case, or the first whose name starts with it.

    Archived ones are left out.
    """
    return await db.one(
        """SELECT id, name FROM projects
            WHERE user_id = :user AND status <> 'archived'
              AND lower(substr(name, 1, length(:name))) = lower(:name)
            ORDER BY lower(name) <> lower(:name), status <> 'active', seq LIMIT 1""",
        {"user": user_id, "name": name},
    )


async def tasks_of_project(db: Database, project_id: str, *, limit: int = -1) -> list[Task]:
    """A project's tasks, done ones too, oldest first."""
    rows = await db.all(
        "SELECT * FROM tasks WHERE project_id = ? ORDER BY seq LIMIT ?", (project_id, limit)
    )
    return [Task.of(row) for row in rows]


async def states_of(db: Database, user_id: str, task_ids: Sequence[str]) -> dict[str, Row]:
    """The title, status and time of completion of those of the tasks that the user has, by id."""
    rows = await db.all(
        """SELECT t.id, t.title, t.status, t.completed_at
             FROM json_each(:ids) j JOIN tasks t ON t.id = j.value
             JOIN projects p ON p.id = t.project_id AND p.user_id = :user""",
        {"ids": json.dumps(list(task_ids)), "user": user_id},
    )
    return {row["id"]: row for row in rows}


async def count_changes(db: Database, user_id: str, since: Instant) -> Row:
    """How many tasks of active projects were done, added, moved to another day and blocked since.

    One that was added since then is counted as moved or blocked neither.
    """
    row = await db.one(
        """SELECT count(CASE WHEN t.completed_at > :since THEN 1 END) AS done,
                  count(CASE WHEN t.created_at > :since THEN 1 END) AS added,
                  count(CASE WHEN t.due_changed_at > :since AND t.created_at <= :since
                             THEN 1 END) AS moved,
                  count(CASE WHEN t.blocked_at > :since AND t.created_at <= :since
                              AND t.status = 'blocked' THEN 1 END) AS blocked
             FROM projects p JOIN tasks t ON t.project_id = p.id
            WHERE p.user_id = :user AND p.status = 'active' AND t.updated_at > :since""",
        {"user": user_id, "since": to_text(since)},
    )
    assert row is not None
    return row


async def prerequisites(db: Database, task_id: str) -> list[str]:
    """The ids of the tasks that this one depends on."""
    rows = await db.all(
        "SELECT depends_on_id FROM task_dependencies WHERE task_id = ? ORDER BY depends_on_id",
        (task_id,),
    )
    return [row["depends_on_id"] for row in rows]


def find_project(tx: Tx, project_id: str) -> Project | None:
    """The project, read inside a transaction."""
    row = tx.one("SELECT * FROM projects WHERE id = ?", (project_id,))
    return Project.of(row) if row else None


def find_task(tx: Tx, task_id: str) -> Task | None:
    """The task, read inside a transaction."""
    row = tx.one("SELECT * FROM tasks WHERE id = ?", (task_id,))
    return Task.of(row) if row else None


def find_tasks(tx: Tx, project_id: str, *, limit: int) -> list[Task]:
    """A project's tasks, done ones too, oldest first, read inside a transaction."""
    rows = tx.all(
        "SELECT * FROM tasks WHERE project_id = ? ORDER BY seq LIMIT ?", (project_id, limit)
    )
    return [Task.of(row) for row in rows]


def find_dependencies(tx: Tx, project_id: str) -> list[Dependency]:
    """The dependencies among a project's tasks, read in a transaction."""
    rows = tx.all(
        """SELECT d.task_id, d.depends_on_id
             FROM tasks t JOIN task_dependencies d ON d.task_id = t.id
             JOIN tasks o ON o.id = d.depends_on_id AND o.project_id = t.project_id
            WHERE t.project_id = ? ORDER BY d.task_id, d.depends_on_id""",
        (project_id,),
    )
    return [Dependency(row["task_id"], row["depends_on_id"]) for row in rows]


def mark_phases_generated(tx: Tx, project_id: str, now: Instant) -> None:
    """Store that the project has phases."""
    tx.execute(
        """UPDATE projects SET phases_generated = 1, updated_at = ?
            WHERE id = ? AND phases_generated = 0""",
        (to_text(now), project_id),
    )


def find_inbox(tx: Tx, user_id: str) -> str | None:
    """The id of the user's oldest active project of that name; None if there is none."""
    row = tx.one(
        """SELECT id FROM projects
            WHERE user_id = ? AND status = 'active' AND lower(name) = lower(?)
            ORDER BY seq LIMIT 1""",
        (user_id, INBOX),
    )
    return str(row["id"]) if row else None
