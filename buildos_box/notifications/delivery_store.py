"""The SQL of the list of deliveries."""

from dataclasses import dataclass

import msgspec

from buildos_box.db import Database, Row


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The filters of a list of deliveries: None is no filter, an empty list finds nothing."""

    user_id: str | None = None
    channels: list[str] | None = None
    event_types: list[str] | None = None
    statuses: list[str] | None = None
    text: str | None = None
    since: str | None = None
    until: str | None = None


async def deliveries(db: Database, wanted: Wanted, *, before: int | None, limit: int) -> list[Row]:
    """Deliveries that match, newest first. `text` is searched in titles, bodies, reasons and
    errors.
    """
    lists = {
        name: None if values is None else msgspec.json.encode(values).decode()
        for name, values in (
            ("channels", wanted.channels),
            ("event_types", wanted.event_types),
            ("statuses", wanted.statuses),
        )
    }
    return await db.all(
        """SELECT d.* FROM notification_deliveries AS d
             JOIN notifications AS n ON n.id = d.notification_id
            WHERE (:user IS NULL OR d.user_id = :user)
              AND (:channels IS NULL OR d.channel IN (SELECT value FROM json_each(:channels)))
              AND (:event_types IS NULL
                   OR d.event_type IN (SELECT value FROM json_each(:event_types)))
              AND (:statuses IS NULL OR d.status IN (SELECT value FROM json_each(:statuses)))
              AND (:since IS NULL OR d.created_at >= :since)
              AND (:until IS NULL OR d.created_at < :until)
              AND (:text IS NULL OR instr(lower(n.title || char(10) || n.body || char(10) ||
                       coalesce(d.error, '') || char(10) || coalesce(d.reason, '')), lower(:text)))
              AND (:before IS NULL OR d.seq < :before)
            ORDER BY d.seq DESC LIMIT :limit""",
        {
            "user": wanted.user_id,
            **lists,
            "text": wanted.text,
            "since": wanted.since,
            "until": wanted.until,
            "before": before,
            "limit": limit,
        },
    )
