"""The body of an event: the event as streams have it, and the whole object that it is about.

The object is read when the event is first sent, and stored with it: every later attempt, and every
other subscriber, gets the same bytes (docs/spec.md#webhook-body).
"""

from typing import Any

import msgspec

from buildos_box.briefs import store as briefs
from buildos_box.briefs.routes import whole_view
from buildos_box.clock import day_from_text
from buildos_box.db import Row
from buildos_box.job_views import job_view
from buildos_box.mail import store as mails
from buildos_box.mail.html import to_html
from buildos_box.mail.routes import MailView
from buildos_box.notifications import store as notifications
from buildos_box.notifications.views import NotificationView
from buildos_box.onboarding.routes import onboarding_of
from buildos_box.phases.routes import phases_of_project
from buildos_box.services import Services
from buildos_box.sms import store as sms
from buildos_box.sms.views import SmsView
from buildos_box.webhooks.event_types import JOB_PROGRESS, JOB_UPDATED
from buildos_box.workspace import store as workspace


async def body_of(services: Services, event: Row) -> bytes:
    """The event's body; an object that was deleted since is null."""
    data: dict[str, Any] = msgspec.json.decode(event["data"])
    return encode(
        event_id=event["event_id"],
        type=event["type"],
        user_id=event["user_id"],
        correlation_id=event["correlation_id"],
        at=event["at"],
        data={**data, **await _whole(services, event["type"], event["user_id"], data)},
    )


def encode(
    *,
    event_id: str,
    type: str,  # noqa: A002 (the field's name on the wire)
    user_id: str | None,
    correlation_id: str | None,
    at: str,
    data: Any,
) -> bytes:
    """The JSON of a body."""
    return msgspec.json.encode(
        {
            "id": event_id,
            "type": type,
            "timestamp": at,
            "userId": user_id,
            "correlationId": correlation_id,
            "data": data,
        }
    )


async def _whole(
    services: Services, event_type: str, user_id: str | None, data: dict[str, Any]
) -> dict[str, Any]:
    """The object under its name; nothing for `queue.alert`, whose data is the object.

    A job's data is its row at the moment of the event.
    """
    if event_type in (JOB_UPDATED, JOB_PROGRESS):
        return {"job": await job_view(services.db, data["job"])}
    if user_id is None:
        return {}
    match event_type:
        case "brief.completed" | "brief.failed":
            return {"brief": await _brief(services, user_id, data.get("briefDate"))}
        case "phases.ready":
            return {"phases": await phases_of_project(services, str(data["projectId"]), user_id)}
        case "onboarding.completed":
            return {"onboarding": await onboarding_of(services, user_id)}
        case "email.sent" | "email.bounced" | "email.opened" | "email.clicked":
            row = await mails.mail_of(services.db, user_id, str(data["emailId"]))
            return {"email": MailView.of(row) if row else None}
        case "notification.created":
            row = await notifications.get(services.db, str(data["id"]))
            return {"notification": NotificationView.of(row) if row else None}
        case "sms.updated":
            return {"sms": await _sms(services, user_id, str(data["smsId"]))}
    return {}


async def _sms(services: Services, user_id: str, sms_id: str) -> SmsView | None:
    row, user = await sms.get(services.db, sms_id), await workspace.get_user(services.db, user_id)
    return SmsView.of(row, user.timezone) if row is not None and user is not None else None


async def _brief(services: Services, user_id: str, day: Any) -> dict[str, Any] | None:
    """The brief of that day with its sections, as Markdown and as HTML."""
    row = await briefs.brief_of(services.db, user_id, day_from_text(day)) if day else None
    if row is None:
        return None
    view = await whole_view(services, row)
    markdown = view.summary_content
    html = None if markdown is None else to_html(markdown)
    return {**msgspec.to_builtins(view), "summaryHtml": html}
