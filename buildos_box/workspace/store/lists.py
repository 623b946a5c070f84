"""Pages of lists for the API, newest first; `before` is the `seq` of the last row before."""

from buildos_box.db import Database, Row

_ROW = {
    "users": "SELECT *, id AS owner FROM users WHERE id = ?",
    "preferences": "SELECT *, user_id AS owner FROM preferences WHERE user_id = ?",
    "projects": "SELECT *, user_id AS owner FROM projects WHERE id = ?",
    "tasks": """SELECT t.*, p.user_id AS owner FROM tasks t JOIN projects p ON p.id = t.project_id
                 WHERE t.id = ?""",
    "notes": """SELECT n.*, p.user_id AS owner FROM notes n JOIN projects p ON p.id = n.project_id
                 WHERE n.id = ?""",
    "events": "SELECT *, user_id AS owner FROM events WHERE id = ?",
}


async def row_of(db: Database, kind: str, key: str) -> Row | None:
    """One row by its id, with its user as `owner`; None if there is none."""
    return await db.by_key(_ROW[kind], (key,))


async def page_users(db: Database, *, before: int | None, limit: int) -> list[Row]:
    """Every user."""
    return await db.all(
        """SELECT * FROM users WHERE (:before IS NULL OR seq < :before)
            ORDER BY seq DESC LIMIT :limit""",
        {"before": before, "limit": limit},
    )


async def page_projects(
    db: Database, user_id: str, *, status: str | None, before: int | None, limit: int
) -> list[Row]:
    """A user's projects, of one status or all."""
    return await db.all(
        """SELECT * FROM projects
            WHERE user_id = :user AND (:status IS NULL OR status = :status)
              AND (:before IS NULL OR seq < :before)
            ORDER BY seq DESC LIMIT :limit""",
        {"user": user_id, "status": status, "before": before, "limit": limit},
    )


async def page_tasks(
    db: Database,
    user_id: str,
    *,
    project_id: str | None,
    status: str | None,
    before: int | None,
    limit: int,
) -> list[Row]:
    """A user's tasks, of one project or all, of one status or all; `open` is all
    that are not done.
    """
    return await db.all(
        """SELECT t.* FROM projects p JOIN tasks t ON t.project_id = p.id
            WHERE p.user_id = :user AND (:project IS NULL OR p.id = :project)
              AND (:status IS NULL OR t.status = :status
                   OR (:status = 'open' AND t.completed_at IS NULL))
              AND (:before IS NULL OR t.seq < :before)
            ORDER BY t.seq DESC LIMIT :limit""",
        {
            "user": user_id,
            "project": project_id,
            "status": status,
            "before": before,
            "limit": limit,
        },
    )


async def page_notes(
    db: Database, user_id: str, *, project_id: str | None, before: int | None, limit: int
) -> list[Row]:
    """A user's notes, of one project or all."""
    return await db.all(
        """SELECT n.* FROM projects p JOIN notes n ON n.project_id = p.id
            WHERE p.user_id = :user AND (:project IS NULL OR p.id = :project)
              AND (:before IS NULL OR n.seq < :before)
            ORDER BY n.seq DESC LIMIT :limit""",
        {"user": user_id, "project": project_id, "before": before, "limit": limit},
    )


async def page_events(db: Database, user_id: str, *, before: int | None, limit: int) -> list[Row]:
    """A user's calendar events."""
    return await db.all(
        """SELECT * FROM events WHERE user_id = :user AND (:before IS NULL OR seq < :before)
            ORDER BY seq DESC LIMIT :limit""",
        {"user": user_id, "before": before, "limit": limit},
    )
