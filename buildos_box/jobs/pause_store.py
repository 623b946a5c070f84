"""The SQL of pauses: of a lane, of a job type, or of the whole queue (docs/spec.md#pause)."""

from dataclasses import dataclass
from typing import Literal

from buildos_box.clock import Instant, from_text, to_text
from buildos_box.db import Database, Row, Tx

Kind = Literal["lane", "type", "all"]
ALL = "all"


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause: of what, since when, set by whom."""

    kind: str
    name: str
    actor: str
    since: Instant


def _pause(row: Row) -> Pause:
    return Pause(row["kind"], row["name"], row["actor"], from_text(row["since"]))


def pause(tx: Tx, kind: Kind, name: str, actor: str, now: Instant) -> bool:
    """Set a pause; False if it was set already, and then its first actor and time remain."""
    cursor = tx.execute(
        """INSERT INTO queue_pauses (kind, name, actor, since) VALUES (?, ?, ?, ?)
           ON CONFLICT (kind, name) DO NOTHING""",
        (kind, name, actor, to_text(now)),
    )
    return cursor.rowcount == 1


def resume(tx: Tx, kind: Kind, name: str) -> bool:
    """Remove that pause; False if there was none."""
    cursor = tx.execute("DELETE FROM queue_pauses WHERE kind = ? AND name = ?", (kind, name))
    return cursor.rowcount == 1


def in_force(tx: Tx) -> list[Pause]:
    """Every pause, read in a transaction."""
    return [_pause(row) for row in tx.all("SELECT * FROM queue_pauses")]


async def list_pauses(db: Database) -> list[Pause]:
    """Every pause, oldest first."""
    return [_pause(row) for row in await db.all("SELECT * FROM queue_pauses ORDER BY since")]
