"""The payloads of notification events, as `POST /queue/notification` takes them."""

import msgspec


class _Payload(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The payload of an event; unknown fields are ignored."""


class UserPayload(_Payload, frozen=True, kw_only=True):
    """The payload of events about an account, of which admins are notified."""

    name: str = ""
    user_email: str = ""

    @property
    def who(self) -> str:
        """The user in words."""
        return self.name or self.user_email or "A user"


class MessagePayload(_Payload, frozen=True, kw_only=True):
    """The payload of events about a fault, described in one sentence."""

    message: str
    kind: str = ""


class PaymentPayload(_Payload, frozen=True, kw_only=True):
    """The payload of events about a payment; the message says what happened, if known."""

    message: str = ""


class BriefPayload(_Payload, frozen=True, kw_only=True):
    """The payload of events about a brief."""

    brief_id: str = ""
    brief_date: str
    subject: str = ""
    """Of its mail: the top action and the first meeting."""
    line: str = ""
    """The next most useful line."""
    sms: str = ""
    """The brief as an SMS, with the sender's name."""
    error: str = ""


class TaskPayload(_Payload, frozen=True, kw_only=True):
    """The payload of events about a task. `when` is the due time as text in the user's zone."""

    task_id: str
    task_name: str
    project_name: str = ""
    when: str = ""
    due_at: str | None = None


class ProjectPayload(_Payload, frozen=True, kw_only=True):
    """The payload of events about a project."""

    project_id: str
    project_name: str
    phase_name: str = ""
    count: int = 0


class CalendarPayload(_Payload, frozen=True, kw_only=True):
    """The payload of events about a calendar feed."""

    feed_id: str = ""
    name: str
    error: str = ""


class SmsPayload(_Payload, frozen=True, kw_only=True):
    """Of a text message that did not arrive."""

    sms_id: str
    text: str
    error: str = ""


class EventPayload(_Payload, frozen=True, kw_only=True):
    """The payload of a reminder of a calendar event."""

    event_id: str
    text: str
    """What is on and when, made when it is sent."""
    location: str = ""


class OnboardingPayload(_Payload, frozen=True, kw_only=True):
    """The payload of events about an onboarding analysis."""

    summary: str = ""
