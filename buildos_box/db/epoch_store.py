"""Epochs: a restored database must not send again what was sent before the restore.

The rules: docs/spec.md#restore.
"""

from dataclasses import dataclass

from buildos_box.clock import Instant, from_text, to_text
from buildos_box.db.tx import Tx


@dataclass(frozen=True, slots=True)
class Epoch:
    """The time since a restore; `resume_sends` if what was due before it is sent anyway."""

    number: int
    started_at: Instant
    resume_sends: bool


def begin(tx: Tx, now: Instant, *, backup_at: str | None, resume_sends: bool) -> None:
    """Start an epoch."""
    tx.execute(
        "INSERT INTO epochs (started_at, backup_at, resume_sends) VALUES (?, ?, ?)",
        (to_text(now), backup_at, int(resume_sends)),
    )


def unfinished(tx: Tx) -> Epoch | None:
    """The epoch whose jobs from before the restore have not been cancelled yet; None if none."""
    row = tx.one("SELECT * FROM epochs WHERE completed_at IS NULL ORDER BY number DESC LIMIT 1")
    if row is None:
        return None
    return Epoch(row["number"], from_text(row["started_at"]), bool(row["resume_sends"]))


def finish(tx: Tx, now: Instant) -> None:
    """Mark the epoch's jobs from before the restore as handled."""
    tx.execute("UPDATE epochs SET completed_at = ? WHERE completed_at IS NULL", (to_text(now),))


def notified_until(tx: Tx) -> Instant | None:
    """The instant up to which due messages count as sent, because of a restore; None if none."""
    row = tx.one("SELECT max(started_at) AS at FROM epochs WHERE resume_sends = 0")
    return from_text(row["at"]) if row is not None and row["at"] else None
