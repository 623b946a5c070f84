"""The event types of notifications: payload, audience, channels and texts of each.

The rules: docs/spec.md#notification-event-types.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal, get_args

import msgspec

from buildos_box.errors import Unprocessable
from buildos_box.field_names import in_camel_case
from buildos_box.locales.language import Language
from buildos_box.locales.messages import N_, Plural
from buildos_box.notifications.event_payloads import (
    BriefPayload,
    CalendarPayload,
    EventPayload,
    MessagePayload,
    OnboardingPayload,
    PaymentPayload,
    ProjectPayload,
    SmsPayload,
    TaskPayload,
    UserPayload,
)

Channel = Literal["in_app", "push", "email", "sms", "chat"]
CHANNELS: tuple[Channel, ...] = get_args(Channel)
LONGEST_TITLE, LONGEST_BODY = 120, 500


Text = str | Callable[[Any, Language], str]
"""A marked text, or what makes one of the payload in the reader's language."""


@dataclass(frozen=True, kw_only=True)
class EventType:
    """One event type. Its texts are computed by functions of the payload, not by templates."""

    name: str
    payload: type[Any]
    channels: tuple[Channel, ...]
    title: Text
    body: Text
    url: Callable[[Any], str]
    tag: Callable[[Any], str]
    sms: Callable[[Any], str] | None = None
    """The whole text of its SMS with the sender's name; title and body if None or empty."""
    admins_only: bool = False
    urgent: bool = False
    fresh_for: timedelta = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Content:
    """The texts of a notification, its link, and the tag under which a newer one replaces it."""

    title: str
    body: str
    action_url: str
    tag: str


def _of(name: str, payload: type[Any], title: Any, body: Any, **more: Any) -> EventType:
    settings = {
        "channels": ("in_app",),
        "url": lambda _payload: "/app",
        "tag": lambda _payload: name,
        **more,
    }
    return EventType(name=name, payload=payload, title=title, body=body, **settings)


CHANGES = Plural("{count} change", "{count} changes")


def _day(payload: BriefPayload, language: Language) -> str:
    """The brief's day in words; what is no day stays as it was given."""
    try:
        return language.full_day(date.fromisoformat(payload.brief_date))
    except ValueError:
        return payload.brief_date


def _due_soon(task: TaskPayload, language: Language) -> str:
    if not task.when:
        return language.say(N_("Due soon: {task}"), task=task.task_name)
    return language.say(N_("Due {when}: {task}"), when=task.when, task=task.task_name)


def _named_task(task: TaskPayload, _language: Language) -> str:
    return ": ".join(part for part in (task.project_name, task.task_name) if part)


def _task(name: str, title: Any, body: Any = _named_task, **more: Any) -> EventType:
    return _of(
        name,
        TaskPayload,
        title,
        body,
        tag=lambda p: f"{name}-{p.task_id}",
        url=lambda p: f"/app#task-{p.task_id}",
        **more,
    )


_BOTH: tuple[Channel, ...] = ("in_app", "push")
_MAILED: tuple[Channel, ...] = ("in_app", "push", "email")

EVENT_TYPES: dict[str, EventType] = {
    event.name: event
    for event in (
        _of(
            "user.signup",
            UserPayload,
            "A user has signed up",
            lambda p, _lang: p.who,
            channels=("in_app", "email"),
            admins_only=True,
        ),
        _of(
            "user.trial_expired",
            UserPayload,
            "A user's trial has ended",
            lambda p, _lang: p.who,
            channels=("in_app", "email"),
            admins_only=True,
            fresh_for=timedelta(days=3),
        ),
        _of(
            "payment.failed",
            PaymentPayload,
            N_("A payment failed"),
            lambda p, lang: p.message or lang.say(N_("Please check your payment method.")),
            channels=_MAILED,
            fresh_for=timedelta(days=3),
        ),
        _of(
            "error.critical",
            MessagePayload,
            "A critical error occurred",
            lambda p, _lang: p.message,
            channels=_MAILED,
            admins_only=True,
            urgent=True,
        ),
        _of(
            "brief.completed",
            BriefPayload,
            lambda p, lang: p.subject or lang.say(N_("Your daily brief is ready")),
            lambda p, lang: p.line or lang.say(N_("Your brief of {day}"), day=_day(p, lang)),
            channels=_BOTH,
            url=lambda p: f"/app#brief-{p.brief_date}",
            tag=lambda p: f"brief-{p.brief_date}",
            sms=lambda p: p.sms,
        ),
        _of(
            "brief.failed",
            BriefPayload,
            N_("Your daily brief could not be written"),
            lambda p, lang: lang.say(N_("The brief of {day} failed."), day=_day(p, lang)),
            tag=lambda p: f"brief-{p.brief_date}",
        ),
        _of(
            "brief.email_sent",
            BriefPayload,
            lambda p, lang: p.subject or lang.say(N_("Your daily brief was mailed")),
            lambda p, lang: lang.say(N_("The brief of {day} was mailed."), day=_day(p, lang)),
            tag=lambda p: f"brief-{p.brief_date}",
        ),
        _of(
            "brief.email_failed",
            BriefPayload,
            N_("Your daily brief could not be mailed"),
            lambda p, lang: lang.say(
                N_("The brief of {day} is here. The mail: {error}"),
                day=_day(p, lang),
                error=p.error,
            ),
            channels=_BOTH,
            url=lambda p: f"/app#brief-{p.brief_date}",
            tag=lambda p: f"brief-{p.brief_date}",
        ),
        _task(
            "task.due_soon",
            _due_soon,
            lambda p, lang: p.project_name or lang.say(N_("It is due soon.")),
            channels=_BOTH,
            fresh_for=timedelta(hours=2),
        ),
        _task("task.completed", N_("Task completed")),
        _task("task.assigned", N_("A task was assigned to you"), channels=_BOTH),
        _of(
            "project.phases_ready",
            ProjectPayload,
            N_("Project phases are ready"),
            lambda p, _lang: p.project_name,
            channels=_BOTH,
            url=lambda p: f"/app#project-{p.project_id}",
            tag=lambda p: f"phases-{p.project_id}",
        ),
        _of(
            "project.phase_scheduled",
            ProjectPayload,
            N_("A phase was scheduled"),
            lambda p, _lang: (
                f"{p.project_name}: {p.phase_name}" if p.phase_name else p.project_name
            ),
            tag=lambda p: f"phases-{p.project_id}",
        ),
        _of(
            "project.activity.batched",
            ProjectPayload,
            lambda p, lang: (
                lang.count(CHANGES, p.count) if p.count else lang.say(N_("Project activity"))
            ),
            lambda p, _lang: p.project_name,
            tag=lambda p: f"activity-{p.project_id}",
        ),
        _of(
            "calendar.sync_failed",
            CalendarPayload,
            N_("A calendar could not be read"),
            lambda p, _lang: f"{p.name}: {p.error}" if p.error else p.name,
            tag=lambda p: f"calendar-{p.feed_id}",
        ),
        _of(
            "event.reminder",
            EventPayload,
            lambda p, _lang: p.text,
            lambda p, _lang: p.location,
            channels=("chat",),
            url=lambda p: f"/app#event-{p.event_id}",
            tag=lambda p: f"event-{p.event_id}",
        ),
        _of(
            "onboarding.completed",
            OnboardingPayload,
            N_("Your analysis is ready"),
            lambda p, lang: p.summary or lang.say(N_("See what was found in your projects.")),
            channels=_BOTH,
        ),
        _of(
            "sms.undelivered",
            SmsPayload,
            N_("An SMS could not be delivered"),
            lambda p, _lang: p.text,
            channels=_BOTH,
            tag=lambda p: f"sms-{p.sms_id}",
        ),
        _of("sms.alert", MessagePayload, "SMS", lambda p, _lang: p.message, admins_only=True),
        _of("queue.alert", MessagePayload, "Queue", lambda p, _lang: p.message, admins_only=True),
    )
}
_BY_SPELLING = {name.replace(".", "_"): name for name in EVENT_TYPES}


def due_soon_tag(task_id: str) -> str:
    """The tag of notifications that this task is due soon."""
    return f"task.due_soon-{task_id}"


def event_type(name: str, field: str = "eventType") -> EventType:
    """The event type of that name; `task_completed` is `task.completed`. Raises Unprocessable."""
    found = EVENT_TYPES.get(_BY_SPELLING.get(name.replace(".", "_"), name))
    if found is None:
        raise Unprocessable.field(field, f"{name!r} must be one of {', '.join(EVENT_TYPES)}")
    return found


def channel(name: str, field: str = "channel") -> Channel:
    """The channel of that name; `in-app` is `in_app`. Raises Unprocessable."""
    for known in CHANNELS:
        if known == name.replace("-", "_"):
            return known
    raise Unprocessable.field(field, f"{name!r} must be one of {', '.join(CHANNELS)}")


def read_payload(event: EventType, payload: Any) -> Any:
    """The payload as the event type's struct, its names in camelCase or snake_case.

    `taskTitle` is accepted for `taskName`; null means that a field was left out. Raises
    Unprocessable.
    """
    if isinstance(payload, dict):
        payload = {k: v for k, v in in_camel_case(payload).items() if v is not None}
        if "taskTitle" in payload:
            payload = {"taskName": payload["taskTitle"], **payload}
    try:
        return msgspec.convert(payload, event.payload)
    except msgspec.ValidationError as fault:
        raise Unprocessable.field("payload", str(fault)) from None


def content_of(event: EventType, payload: Any, language: Language) -> Content:
    """The texts of a notification with that payload, for a reader of that language."""

    def said(text: Text) -> str:
        return language.say(text) if isinstance(text, str) else text(payload, language)

    return Content(
        _short(said(event.title), LONGEST_TITLE),
        _short(said(event.body), LONGEST_BODY),
        event.url(payload),
        event.tag(payload),
    )


def _short(text: str, longest: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
