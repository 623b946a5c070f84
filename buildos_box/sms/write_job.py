"""The job that has a language model write a day's reminders (docs/spec.md#sms-text).

It runs in the lane of language models, so that slow models hold up neither planning nor anything
else; until it has run, and where it fails, the template's text is sent.
"""

from datetime import date, timedelta

import msgspec

from buildos_box.clock import day_bounds, from_text, zone_or_utc
from buildos_box.db import Row, Tx
from buildos_box.jobs.attempt import Attempt
from buildos_box.jobs.job_type import JobType, Payload
from buildos_box.services import Services
from buildos_box.sms import store
from buildos_box.sms.fact_check import facts_of
from buildos_box.sms.llm_reminders import write_texts
from buildos_box.workspace import store as workspace
from buildos_box.workspace.languages import get_language
from buildos_box.workspace.model import Event


class WritePayload(Payload, frozen=True, kw_only=True):
    """One user's local day."""

    user_id: str
    date: str
    expires_at: str


class WriteResult(msgspec.Struct, frozen=True, rename="camel"):
    """How many reminders waited with a template's text, and how many a language model wrote."""

    date: str
    waiting: int
    written: int


async def write_sms_texts(job: Attempt[WritePayload], services: Services) -> WriteResult:
    """Replace the template's texts of the day where a model's pass the checks.

    Raises LeaseLost, StorageError.
    """
    user_id, day = job.payload.user_id, job.payload.date
    user = await workspace.get_user(services.db, user_id)
    zone = zone_or_utc(user.timezone if user else "UTC")
    start, end = day_bounds(date.fromisoformat(day), zone)
    now, language = services.clock.now(), await get_language(services, user_id)

    def read(tx: Tx) -> list[tuple[Row, Event]]:
        rows = store.to_write(tx, user_id, start, end, now)
        events = ((row, workspace.find_event(tx, row["event_id"])) for row in rows)
        return [(row, event) for row, event in events if event is not None]

    waiting = await services.db.write(read)
    texts = await write_texts(
        services,
        [
            facts_of(
                event.title,
                event.location,
                from_text(row["event_start_at"]),
                zone,
                from_text(row["send_at"]),
                language=language,
            )
            for row, event in waiting
        ],
        user_id=user_id,
        job_id=job.job_id,
        correlation_id=job.correlation_id,
    )

    def save(tx: Tx) -> int:
        job.ensure_lease(tx)
        pairs = zip(waiting, texts, strict=True)
        return sum(_save(tx, services, row, text) for (row, _), text in pairs if text)

    return WriteResult(day, len(waiting), await services.db.write(save))


def _save(tx: Tx, services: Services, row: Row, text: str) -> bool:
    """Take the text, unless the reminder has changed or was sent while it was being written."""
    fresh = store.find(tx, row["id"])
    same = ("status", "message", "message_source", "send_at", "event_title")
    if fresh is None or any(fresh[name] != row[name] for name in same):
        return False
    store.change(tx, row["id"], services.clock.now(), message=text, message_source="llm")
    return True


WRITE_SMS_TEXTS = JobType(
    name="write_sms_texts",
    payload=WritePayload,
    run=write_sms_texts,
    lane="llm",
    timeout=timedelta(minutes=2),
    dedup_key=lambda payload: f"sms-texts-{payload.user_id}-{payload.date}",
    expires_at=lambda payload: from_text(payload.expires_at),
)
