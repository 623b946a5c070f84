"""Jobs as the API and outgoing webhooks show them, in snake_case.

Their metadata is what they were queued with, and what its rows hold by now
(docs/spec.md#job-metadata).
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

import msgspec

from buildos_box.briefs.job import GENERATE_DAILY_BRIEF
from buildos_box.db import Database, Row
from buildos_box.jobs.job_details import Facts
from buildos_box.log import mask_phone
from buildos_box.notifications import fanout
from buildos_box.notifications import store as notifications
from buildos_box.sms import store as sms
from buildos_box.sms.send_job import SEND_SMS

Json = dict[str, Any]
_DELIVERIES = (fanout.SEND_NOTIFICATION, fanout.SEND_PUSH)


class JobView(msgspec.Struct, frozen=True):
    """A job. `id` is its public id; instants are UTC ISO 8601 with milliseconds.

    `queue_job_id` is `id`, `error_message` is `error` and `processed_at` is `completed_at`.
    """

    id: str
    queue_job_id: str
    user_id: str | None
    job_type: str
    lane: str
    status: str
    priority: int
    attempts: int
    max_attempts: int
    retry_until: str | None
    """Until when a transient failure is retried, whatever `max_attempts`; null if that counts."""
    scheduled_for: str
    created_at: str
    started_at: str | None
    completed_at: str | None
    processed_at: str | None
    updated_at: str
    metadata: Any
    result: Any
    error: str | None
    error_message: str | None
    error_kind: str | None
    error_code: str | None
    progress: Any
    cancel_reason: str | None
    correlation_id: str


_SOURCES = {"id": "queue_job_id", "error_message": "error", "processed_at": "completed_at"}
_COLUMNS = tuple(_SOURCES.get(name, name) for name in JobView.__struct_fields__)
_METADATA, _RESULT, _PROGRESS = (
    JobView.__struct_fields__.index(name) for name in ("metadata", "result", "progress")
)


def _job_view(values: Sequence[Any], metadata: Any) -> JobView:
    """The view of a row's columns in the order of its fields; `metadata` as `_shown` tells it."""
    fields = [*values]
    fields[_METADATA] = metadata
    fields[_RESULT] = parsed_json(fields[_RESULT])
    fields[_PROGRESS] = parsed_json(fields[_PROGRESS])
    return JobView(*fields)


@lru_cache(maxsize=8)
def _columns_at(names: tuple[str, ...]) -> Callable[[Row], tuple[Any, ...]]:
    """Takes the columns of a view out of a row that has these.

    By their places, since a row looks for each name among all of its names.
    """
    return itemgetter(*(names.index(column) for column in _COLUMNS))


def _columns_of(rows: Sequence[Facts]) -> Callable[[Any], tuple[Any, ...]]:
    """The same for rows of one query, or of the archive."""
    if not rows or isinstance(rows[0], dict):
        return itemgetter(*_COLUMNS)
    return _columns_at(tuple(rows[0].keys()))


def parsed_json(text: str | None) -> Any:
    """The value of a JSON column; None if it is empty."""
    return None if text is None else msgspec.json.decode(text)


async def job_views(db: Database, rows: Sequence[Facts], *, masked: bool = False) -> list[JobView]:
    """The views of these jobs, with telephone numbers `masked` or not.

    What each kind of job is about is looked up with one query.
    """
    stored = [(row, _stored(row, masked=masked)) for row in rows]
    messages = await sms.by_ids(db, _ids(stored, (SEND_SMS.name,), "smsId"))
    payloads = await notifications.payloads(db, _ids(stored, _DELIVERIES, "deliveryId"))
    columns = _columns_of(rows)
    return [
        _job_view(columns(row), _shown(row, metadata, messages, payloads, masked))
        for row, metadata in stored
    ]


def _stored(row: Facts, *, masked: bool) -> Json:
    text = row["metadata"]
    found: Json = parsed_json(mask_phone(text) if text and masked else text) or {}
    return found


async def job_view(db: Database, row: Facts, *, masked: bool = False) -> JobView:
    """The view of one job."""
    (view,) = await job_views(db, [row], masked=masked)
    return view


def _ids(stored: list[tuple[Facts, Json]], types: tuple[str, ...], field: str) -> list[str]:
    found = (metadata.get(field) for row, metadata in stored if row["job_type"] in types)
    return [str(one) for one in found if one is not None]


def _shown(
    row: Facts, metadata: Json, messages: dict[str, Row], payloads: dict[str, str], masked: bool
) -> Json:
    kind = row["job_type"]
    if kind == GENERATE_DAILY_BRIEF.name:
        options = {"isReengagement": False, "daysSinceLastLogin": 0}
        return {**metadata, "options": options | (metadata.get("options") or {})}
    if kind == SEND_SMS.name:
        message = messages.get(str(metadata.get("smsId")))
        return {**metadata, **(_of_message(message, masked) if message is not None else {})}
    if kind in _DELIVERIES:
        requested = metadata.get("requested") or {}
        payload = parsed_json(payloads.get(str(metadata.get("deliveryId"))))
        return {
            **metadata,
            "channel": requested.get("channel") or metadata.get("channel"),
            "payload": requested.get("payload") or payload or {},
            "correlationId": row["correlation_id"],
        }
    return metadata


def _of_message(message: Row, masked: bool) -> Json:
    number = message["to_number"]
    return {
        "phone_number": mask_phone(number) if number and masked else number,
        "message": message["message"],
        "eventId": message["event_id"],
        "eventName": message["event_title"],
    }
