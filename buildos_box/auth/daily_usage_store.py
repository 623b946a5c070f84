"""The SQL of what each user has used of the daily limits."""

from datetime import date

from buildos_box.db import Tx


def used(tx: Tx, user_id: str, name: str, day: date) -> int:
    """The count of that day."""
    row = tx.one(
        "SELECT count FROM daily_usage WHERE user_id = ? AND name = ? AND day = ?",
        (user_id, name, day.isoformat()),
    )
    return int(row["count"]) if row else 0


def count_one(tx: Tx, user_id: str, name: str, day: date) -> int:
    """Count one more; returns the new count. The user must exist."""
    return add(tx, user_id, name, day, 1)


def add(tx: Tx, user_id: str, name: str, day: date, amount: int) -> int:
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
