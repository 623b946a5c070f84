"""The SQL of the search over projects, tasks, notes and events.

`workspace_search` is kept by triggers (migrations), so that it changes with its rows, whatever
changes them. `owner` is the hexadecimal form of the user's id: one word, whatever the id holds.
"""

from buildos_box.db import Database, Row, Tx


async def search(db: Database, user_id: str, query: str, *, limit: int) -> list[Row]:
    """The user's rows that match the FTS5 query, the best first; titles count most."""
    return await db.all(
        """SELECT s.kind, s.key AS id, s.title, s.excerpt,
                  coalesce(t.project_id, n.project_id) AS project_id,
                  coalesce(t.status, p.status) AS status,
                  coalesce(t.due_date, e.start_date) AS day, coalesce(t.due_at, e.start_at) AS at
             FROM (SELECT kind, key, title, bm25(workspace_search, 0, 8, 1) AS place,
                          snippet(workspace_search, 2, '', '', '…', 16) AS excerpt
                     FROM workspace_search
                    WHERE workspace_search MATCH
                          'owner:' || hex(:user) || ' AND {title body}:(' || :query || ')'
                    ORDER BY place LIMIT :limit) s
             LEFT JOIN tasks t ON s.kind = 'task' AND t.id = s.key
             LEFT JOIN notes n ON s.kind = 'note' AND n.id = s.key
             LEFT JOIN events e ON s.kind = 'event' AND e.id = s.key
             LEFT JOIN projects p ON s.kind = 'project' AND p.id = s.key
            ORDER BY s.place""",
        {"user": user_id, "query": query, "limit": limit},
    )


def forget_deleted(tx: Tx) -> None:
    """Rewrite the index, so that it holds no word of rows that were deleted."""
    tx.execute("INSERT INTO workspace_search (workspace_search) VALUES ('optimize')")
