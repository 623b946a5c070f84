"""The types of events that can be subscribed to."""

from buildos_box.errors import Unprocessable

JOB_UPDATED, JOB_PROGRESS = "job.updated", "job.progress"
TEST = "webhook.test"
"""What `POST /webhook-subscriptions/{id}/test` sends; nobody subscribes to it."""
EVENT_TYPES = (
    "brief.completed",
    "brief.failed",
    "phases.ready",
    "onboarding.completed",
    "notification.created",
    "sms.updated",
    "email.sent",
    "email.bounced",
    "email.opened",
    "email.clicked",
    "queue.alert",
    JOB_UPDATED,
    JOB_PROGRESS,
)


def checked_types(names: list[str]) -> list[str]:
    """The event types, each once, in the order given. Raises Unprocessable."""
    unknown = [name for name in names if name not in EVENT_TYPES]
    if unknown or not names:
        named = f"{unknown[0]!r} is unknown; " if unknown else ""
        raise Unprocessable.field("events", f"{named}give one or more of {', '.join(EVENT_TYPES)}")
    return list(dict.fromkeys(names))
