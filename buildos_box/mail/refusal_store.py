"""The SQL of what speaks against a mail, in one statement each (docs/spec.md#mail-checks)."""

from typing import NamedTuple

from buildos_box.clock import Instant, to_text
from buildos_box.db import Tx
from buildos_box.mail import bounce_store
from buildos_box.mail.store import Email


class Reader(NamedTuple):
    """What decides whether a user gets another mail of a scope."""

    unsubscribed: bool
    mails: int
    """The number of their mails that were queued and not cancelled, at most the limit."""


def find_reader(tx: Tx, user_id: str, scope: str, *, since: Instant, most: int) -> Reader:
    """What decides on a mail of that scope, with the mails since then, counted up to `most`."""
    row = tx.one(
        """SELECT EXISTS (SELECT 1 FROM email_unsubscribes
                           WHERE user_id = :user AND scope IN (:scope, 'all')) AS unsubscribed,
                  (SELECT count(*) FROM (
                       SELECT 1 FROM emails WHERE user_id = :user AND created_at >= :since
                          AND status NOT IN ('cancelled', 'skipped') LIMIT :most)) AS mails""",
        {"user": user_id, "scope": scope, "since": to_text(since), "most": most},
    )
    assert row is not None
    return Reader(bool(row["unsubscribed"]), int(row["mails"]))


class Objections(NamedTuple):
    """What may speak against sending a mail that waits."""

    superseded: bool
    """Whether a later version of the same brief has a mail."""
    unsubscribed: bool
    bounced: str | None
    """Why nothing is sent to its address any more; None if it is."""


def find_objections(tx: Tx, email: Email, scope: str) -> Objections:
    """What is stored against this mail of that scope."""
    row = tx.one(
        """SELECT :brief IS NOT NULL AND EXISTS (
                      SELECT 1 FROM emails WHERE brief_id = :brief AND (created_at, rowid) >
                             (SELECT created_at, rowid FROM emails WHERE id = :id)) AS superseded,
                  EXISTS (SELECT 1 FROM email_unsubscribes
                           WHERE user_id = :user AND scope IN (:scope, 'all')) AS unsubscribed,
                  (SELECT reason FROM email_bounces WHERE address = lower(:address)
                    ORDER BY at LIMIT 1) AS bounced""",
        {
            "brief": email.brief_id,
            "id": email.id,
            "user": email.user_id,
            "scope": scope,
            "address": email.address,
        },
    )
    assert row is not None
    bounced = None if row["bounced"] is None else bounce_store.bounced_because(row["bounced"])
    return Objections(bool(row["superseded"]), bool(row["unsubscribed"]), bounced)
