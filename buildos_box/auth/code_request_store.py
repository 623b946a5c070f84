"""The SQL of requests for verification codes, by what they count against."""

from buildos_box.clock import Instant, from_text, to_text
from buildos_box.db import Tx


def at_of_newest(tx: Tx, name: str, digest: str, number: int) -> Instant | None:
    """When the `count`-th newest request was made; None if there are fewer.

    It has to be old enough for another request to be allowed.
    """
    row = tx.one(
        """SELECT at FROM code_requests WHERE name = ? AND digest = ?
            ORDER BY at DESC LIMIT 1 OFFSET ?""",
        (name, digest, number - 1),
    )
    return from_text(row["at"]) if row else None


def add(tx: Tx, name: str, digest: str, now: Instant) -> None:
    """Store one more request."""
    tx.execute(
        "INSERT INTO code_requests (name, digest, at) VALUES (?, ?, ?)",
        (name, digest, to_text(now)),
    )


def delete_before(tx: Tx, then: Instant) -> None:
    """Delete requests that no longer count."""
    tx.execute("DELETE FROM code_requests WHERE at < ?", (to_text(then),))
