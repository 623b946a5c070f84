"""The SQL of limits: what each user has used today, and requests for verification codes."""

from datetime import date

from buildos_box.clock import Instant, from_text, to_text
from buildos_box.db import Tx


def usage(tx: Tx, user_id: str, name: str, day: date) -> int:
    """The count of that day."""
    row = tx.one(
        "SELECT count FROM daily_usage WHERE user_id = ? AND name = ? AND day = ?",
        (user_id, name, day.isoformat()),
    )
    return int(row["count"]) if row else 0


def count_one(tx: Tx, user_id: str, name: str, day: date) -> int:
    """Count one more; returns the new count. The user must exist."""
    return add_usage(tx, user_id, name, day, 1)


def add_usage(tx: Tx, user_id: str, name: str, day: date, amount: int) -> int:
    """So many more on that day; returns how many there are now. The user must exist."""
    row = tx.one(
        """INSERT INTO daily_usage (user_id, name, day, count)
           VALUES (:user, :name, :day, :amount)
           ON CONFLICT (user_id, name) DO UPDATE
              SET count = CASE WHEN day = excluded.day THEN count + excluded.count
                               ELSE excluded.count END,
                  day = excluded.day
           RETURNING count""",
        {"user": user_id, "name": name, "day": day.isoformat(), "amount": amount},
    )
    return int(row["count"]) if row else 0


def code_request_at(tx: Tx, name: str, digest: str, number: int) -> Instant | None:
    """When the `count`-th newest request was made; None if there are fewer.

    It has to be old enough for another request to be allowed.
    """
    row = tx.one(
        """SELECT at FROM code_requests WHERE name = ? AND digest = ?
            ORDER BY at DESC LIMIT 1 OFFSET ?""",
        (name, digest, number - 1),
    )
    return from_text(row["at"]) if row else None


def add_code_request(tx: Tx, name: str, digest: str, now: Instant) -> None:
    """Store one more request."""
    tx.execute(
        "INSERT INTO code_requests (name, digest, at) VALUES (?, ?, ?)",
        (name, digest, to_text(now)),
    )


def delete_code_requests_before(tx: Tx, then: Instant) -> None:
    """Delete requests that no longer count."""
    tx.execute("DELETE FROM code_requests WHERE at < ?", (to_text(then),))
