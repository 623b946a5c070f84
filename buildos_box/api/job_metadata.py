"""A job's metadata as it is shown: what it was queued with, and what its rows hold by now.

The rules: docs/spec.md#job-metadata.
"""

from collections.abc import Sequence
from typing import Any

from buildos_box.api.shapes import JobView, parsed_json
from buildos_box.auth.caller import Caller
from buildos_box.briefs.job import GENERATE_DAILY_BRIEF
from buildos_box.db import Database, Row
from buildos_box.jobs.record import Facts
from buildos_box.log import mask_phone
from buildos_box.notifications import fanout
from buildos_box.notifications import store as notifications
from buildos_box.sms import store as sms
from buildos_box.sms.send_job import SEND_SMS

Json = dict[str, Any]
_DELIVERIES = (fanout.SEND_NOTIFICATION, fanout.SEND_PUSH)


async def job_views(db: Database, rows: Sequence[Facts], caller: Caller) -> list[JobView]:
    """The views of these jobs; each kind of job is looked up with one query."""
    stored = [(row, parsed_json(row["metadata"]) or {}) for row in rows]
    messages = await sms.by_ids(db, _ids(stored, (SEND_SMS.name,), "smsId"))
    payloads = await notifications.payloads(db, _ids(stored, _DELIVERIES, "deliveryId"))
    return [
        JobView.of(row, _shown(row, metadata, messages, payloads, caller))
        for row, metadata in stored
    ]


async def job_view(db: Database, row: Facts, caller: Caller) -> JobView:
    """The view of one job."""
    (view,) = await job_views(db, [row], caller)
    return view


def _ids(stored: list[tuple[Facts, Json]], types: tuple[str, ...], field: str) -> list[str]:
    found = (metadata.get(field) for row, metadata in stored if row["job_type"] in types)
    return [str(one) for one in found if one is not None]


def _shown(
    row: Facts, metadata: Json, messages: dict[str, Row], payloads: dict[str, str], caller: Caller
) -> Json:
    kind = row["job_type"]
    if kind == GENERATE_DAILY_BRIEF.name:
        options = {"isReengagement": False, "daysSinceLastLogin": 0}
        return {**metadata, "options": options | (metadata.get("options") or {})}
    if kind == SEND_SMS.name:
        message = messages.get(str(metadata.get("smsId")))
        return {**metadata, **(_of_message(message, caller) if message is not None else {})}
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


def _of_message(message: Row, caller: Caller) -> Json:
    number = message["to_number"]
    return {
        "phone_number": mask_phone(number) if number and not caller.may_act else number,
        "message": message["message"],
        "eventId": message["event_id"],
        "eventName": message["event_title"],
    }
