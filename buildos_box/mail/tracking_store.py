"""The SQL of opens and clicks."""

from dataclasses import dataclass

from buildos_box.clock import Instant, from_text, to_text
from buildos_box.db import Database, Tx
from buildos_box.mail.changes import EmailOpenedOrClicked

MAX_HITS = 200
"""Opens and clicks of one recipient that are stored; nobody reads a mail more often."""
_COUNT = {
    "opened": """UPDATE email_recipients
                    SET open_count = open_count + 1, opened_at = coalesce(opened_at, :now)
                  WHERE id = :id RETURNING email_id""",
    "clicked": """UPDATE email_recipients
                     SET click_count = click_count + 1, clicked_at = coalesce(clicked_at, :now)
                   WHERE id = :id RETURNING email_id""",
}


@dataclass(frozen=True, slots=True)
class Tracked:
    """The recipient that a tracking id belongs to."""

    recipient_id: int
    email_id: str
    user_id: str
    sent_at: Instant | None
    hits: int
    """How many of its opens and clicks are stored."""


async def tracked(db: Database, tracking_id: str) -> Tracked | None:
    """The recipient of that tracking id."""
    row = await db.by_key(
        """SELECT r.id, r.email_id, r.hits, e.user_id, e.sent_at
             FROM email_recipients r JOIN emails e ON e.id = r.email_id
            WHERE r.tracking_id = ?""",
        (tracking_id,),
    )
    if row is None:
        return None
    sent_at = from_text(row["sent_at"]) if row["sent_at"] else None
    return Tracked(row["id"], row["email_id"], row["user_id"], sent_at, row["hits"])


async def stored_link(db: Database, email_id: str, url: str) -> int | None:
    """The id of a link that is stored for that mail, compared as the exact string; None if none."""
    row = await db.one("SELECT id FROM email_links WHERE email_id = ? AND url = ?", (email_id, url))
    return row["id"] if row else None


def clicks_since(tx: Tx, recipient_id: int, since: Instant) -> int:
    """How many different links this recipient has clicked since then."""
    row = tx.one(
        """SELECT count(DISTINCT link_id) FROM email_tracking_events
            WHERE recipient_id = ? AND kind = 'clicked' AND at >= ?""",
        (recipient_id, to_text(since)),
    )
    return int(row[0]) if row else 0


def record_hit(
    tx: Tx, recipient_id: int, kind: str, link: int | None, suspect: str | None, now: Instant
) -> None:
    """Keep an open or a click, `MAX_HITS` for a recipient; those of scanners are not counted."""
    counted = tx.execute(
        "UPDATE email_recipients SET hits = hits + 1 WHERE id = ? AND hits < ?",
        (recipient_id, MAX_HITS),
    )
    if counted.rowcount != 1:
        return
    tx.execute(
        """INSERT INTO email_tracking_events (recipient_id, kind, link_id, suspect, at)
           VALUES (?, ?, ?, ?, ?)""",
        (recipient_id, kind, link, suspect, to_text(now)),
    )
    if suspect is not None:
        return
    row = tx.one(_COUNT[kind], {"id": recipient_id, "now": to_text(now)})
    if row is not None:
        tx.announce(EmailOpenedOrClicked(row["email_id"], kind))


def suspect_clicks_since(tx: Tx, recipient_id: int, since: Instant, why: str) -> None:
    """Mark the clicks since then as a scanner's."""
    tx.execute(
        """UPDATE email_tracking_events SET suspect = ?
            WHERE recipient_id = ? AND kind = 'clicked' AND suspect IS NULL AND at >= ?""",
        (why, recipient_id, to_text(since)),
    )
    _recount(tx, recipient_id)


def _recount(tx: Tx, recipient_id: int) -> None:
    """Count people's events anew; there are `MAX_HITS` at most."""
    tx.execute(
        """UPDATE email_recipients SET (opened_at, open_count, clicked_at, click_count) = (
               SELECT min(CASE WHEN kind = 'opened' THEN at END),
                      count(CASE WHEN kind = 'opened' THEN 1 END),
                      min(CASE WHEN kind = 'clicked' THEN at END),
                      count(CASE WHEN kind = 'clicked' THEN 1 END)
                 FROM email_tracking_events WHERE recipient_id = :id AND suspect IS NULL)
            WHERE id = :id""",
        {"id": recipient_id},
    )
