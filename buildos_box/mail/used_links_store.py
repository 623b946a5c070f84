"""The SQL of links in mails that were used: each works once."""

import hashlib

from buildos_box.clock import Instant, to_text
from buildos_box.db import Database, Tx


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


async def is_used(db: Database, token: str) -> bool:
    """Whether that link was used."""
    return await db.one("SELECT 1 FROM used_links WHERE hash = ?", (_hash(token),)) is not None


def use(tx: Tx, token: str, user_id: str, expires: Instant, now: Instant) -> bool:
    """Note that the link is used, and forget expired ones; False if it was used before."""
    tx.execute("DELETE FROM used_links WHERE expires_at <= ?", (to_text(now),))
    added = tx.execute(
        """INSERT INTO used_links (hash, user_id, used_at, expires_at) VALUES (?, ?, ?, ?)
           ON CONFLICT DO NOTHING""",
        (_hash(token), user_id, to_text(now), to_text(expires)),
    )
    return added.rowcount == 1
