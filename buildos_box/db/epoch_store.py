"""Epochs: a restored box must not tell people again what it told them before.

The rules: docs/spec.md#restore.
"""

from dataclasses import dataclass

from buildos_box.clock import Instant, from_text, to_text
from buildos_box.db.tx import Tx

STREAM_GAP = 1_000_000_000
"""No event id of the new epoch is one that a listener may have seen in the old."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """One life of the data; `resume_sends` if what was due before it is sent all the same."""

    number: int
    started_at: Instant
    resume_sends: bool


def begin(tx: Tx, now: Instant, *, backup_at: str | None, resume_sends: bool) -> None:
    """Start an epoch. Whoever follows a stream is told to start afresh."""
    tx.execute(
        "INSERT INTO epochs (started_at, backup_at, resume_sends) VALUES (?, ?, ?)",
        (to_text(now), backup_at, int(resume_sends)),
    )
    tx.execute("DELETE FROM realtime_events")
    tx.execute(
        "INSERT INTO sqlite_sequence (name, seq) SELECT 'realtime_events', 0 WHERE NOT EXISTS"
        " (SELECT 1 FROM sqlite_sequence WHERE name = 'realtime_events')"
    )
    tx.execute(
        "UPDATE sqlite_sequence SET seq = seq + ? WHERE name = 'realtime_events'", (STREAM_GAP,)
    )


def unsettled(tx: Tx) -> Epoch | None:
    """The epoch whose old messages have not been dealt with yet."""
    row = tx.one("SELECT * FROM epochs WHERE completed_at IS NULL ORDER BY number DESC LIMIT 1")
    if row is None:
        return None
    return Epoch(row["number"], from_text(row["started_at"]), bool(row["resume_sends"]))


def finish(tx: Tx, now: Instant) -> None:
    """The old messages have been dealt with."""
    tx.execute("UPDATE epochs SET completed_at = ? WHERE completed_at IS NULL", (to_text(now),))


def notified_until(tx: Tx) -> Instant | None:
    """What fell due up to then was told, or missed, before a restore; None if there was none."""
    row = tx.one("SELECT max(started_at) AS at FROM epochs WHERE resume_sends = 0")
    return from_text(row["at"]) if row is not None and row["at"] else None
