"""The SQL of the project that takes tasks which name none."""

from buildos_box.db import Tx

INBOX = "Inbox"


def find_inbox(tx: Tx, user_id: str) -> str | None:
    """The id of the user's oldest active project of that name; None if there is none."""
    row = tx.one(
        """SELECT id FROM projects
            WHERE user_id = ? AND status = 'active' AND lower(name) = lower(?)
            ORDER BY seq LIMIT 1""",
        (user_id, INBOX),
    )
    return str(row["id"]) if row else None
