"""The bodies and headers of webhook mail, one form per receiver (docs/spec.md#mail-webhook)."""

import hashlib
import hmac
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import escape
from typing import Any, Literal

import msgspec

from buildos_box.clock import Instant, to_text
from buildos_box.errors import Unprocessable
from buildos_box.services import MailContext
from buildos_box.settings.channels import EmailWebhookSettings
from buildos_box.webhook_signature import standard_headers

Dialect = Literal["standard", "buildos-daily-brief", "buildos-notification"]
STANDARD: Dialect = "standard"
DAILY_BRIEF: Dialect = "buildos-daily-brief"
_HEADERS = ("List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted")


@dataclass(frozen=True, slots=True)
class Receiver:
    """An address that takes mails: its secret, that secret's key in the configuration, its form."""

    url: str
    secret: str
    secret_key: str
    dialect: Dialect


@dataclass(frozen=True, slots=True)
class Receivers:
    """Who takes briefs, and who all other mails."""

    briefs: Receiver
    others: Receiver

    @classmethod
    def of(cls, settings: EmailWebhookSettings) -> "Receivers":
        """Those of the configuration. Raises Unprocessable."""
        key, why = "email.webhook", "is needed for email.transport = webhook"
        secret = settings.secret.reveal() if settings.secret is not None else ""
        if not settings.url:
            raise Unprocessable.field(f"{key}.url", why)
        if not secret:
            raise Unprocessable.field(f"{key}.secret", why)
        briefs = Receiver(settings.url, secret, f"{key}.secret", settings.dialect)
        other = settings.notification
        if other.url:
            own = other.secret.reveal() if other.secret is not None else ""
            named = f"{key}.notification.secret" if own else f"{key}.secret"
            return cls(briefs, Receiver(other.url, own or secret, named, other.dialect))
        if settings.dialect == DAILY_BRIEF:
            raise Unprocessable.field(f"{key}.notification.url", f"is needed for {DAILY_BRIEF}")
        return cls(briefs, briefs)

    def of_mail(self, about: MailContext) -> Receiver:
        """Who takes the mail; a brief is one whose day is known."""
        return self.briefs if about.brief_id and about.brief_date else self.others


class WebhookMail(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the bodies of all dialects have in common."""

    email_id: str
    message_id: str
    user_id: str | None
    brief_id: str | None
    brief_date: str | None
    tracking_id: str | None
    to: str
    sender: str = msgspec.field(name="from")
    subject: str
    html: str
    text: str
    headers: dict[str, str]

    @classmethod
    def of(cls, email_id: str, recipient: str, message: bytes, about: MailContext) -> "WebhookMail":
        """The parts of a complete message."""
        parsed: EmailMessage = message_from_bytes(message, policy=policy.default)
        text = _part(parsed, "plain")
        return cls(
            email_id=email_id,
            message_id=str(parsed["Message-ID"]),
            user_id=about.user_id,
            brief_id=about.brief_id,
            brief_date=about.brief_date,
            tracking_id=about.tracking_id,
            to=recipient,
            sender=str(parsed["From"]),
            subject=str(parsed["Subject"]),
            html=_part(parsed, "html") or _as_html(text),
            text=text,
            headers={name: str(parsed[name]) for name in _HEADERS if parsed[name]},
        )


def _part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    return body.get_content().replace("\r\n", "\n") if body is not None else ""


def _as_html(text: str) -> str:
    """A message without HTML, as codes and test mails are: its receiver may need some."""
    paragraphs = (escape(part).replace("\n", "<br>") for part in text.strip().split("\n\n"))
    return "".join(f"<p>{part}</p>" for part in paragraphs)


def body_of(dialect: Dialect, mail: WebhookMail, about: MailContext, now: Instant) -> bytes:
    """The body of the POST."""
    common: dict[str, Any] = msgspec.to_builtins(mail)
    match dialect:
        case "standard":
            return msgspec.json.encode(mail)
        case "buildos-daily-brief":
            return msgspec.json.encode(common | _daily_brief(mail, about, now))
        case "buildos-notification":
            return msgspec.json.encode(common | _notification(mail, about))


def _daily_brief(mail: WebhookMail, about: MailContext, now: Instant) -> dict[str, Any]:
    return {
        "recipientEmail": mail.to,
        "timestamp": to_text(now),
        "metadata": {
            "emailRecordId": mail.email_id,
            "recipientRecordId": mail.email_id,  # a mail has one recipient
            "trackingId": about.tracking_id,
            "subject": mail.subject,
        },
    }


def _notification(mail: WebhookMail, about: MailContext) -> dict[str, Any]:
    return {
        "recipientEmail": mail.to,
        "recipientUserId": mail.user_id,
        "htmlContent": mail.html,
        "textContent": mail.text,
        "deliveryId": about.delivery_id or mail.email_id,
        "eventId": about.event_id or mail.email_id,
        "eventType": about.event_type,
    }


def headers_of(receiver: Receiver, email_id: str, body: bytes, now: Instant) -> dict[str, str]:
    """The headers of the POST: by them the receiver knows the sender and a repetition."""
    headers = {"Content-Type": "application/json", "Idempotency-Key": email_id}
    at, secret = int(now.timestamp()), receiver.secret
    match receiver.dialect:
        case "standard":
            return {
                **headers,
                **standard_headers(secret, email_id, at, body),
                "X-BuildOS-Signature": f"t={at},v1={_hex_hmac(secret, f'{at}.'.encode() + body)}",
                "X-Webhook-Signature": _hex_hmac(secret, body),
            }
        case "buildos-daily-brief":
            return {
                **headers,
                "X-Webhook-Signature": _hex_hmac(secret, body),
                "X-Webhook-Timestamp": to_text(now),
                "X-Source": "daily-brief-worker",
            }
        case "buildos-notification":
            return {**headers, "Authorization": f"Bearer {secret}"}


def _hex_hmac(secret: str, text: bytes) -> str:
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()


def cause_of(receiver: Receiver, status: int) -> str:
    """The likely cause of an answer, appended to its error; empty if the status says enough."""
    key = receiver.secret_key
    if receiver.dialect != STANDARD and status == 500:
        return (
            "; the BuildOS frontend answers 500 also to a refused signature or token: "
            f"check that {key} is its PRIVATE_BUILDOS_WEBHOOK_SECRET"
        )
    if status in (401, 403):
        return f"; it refuses the signature or token: check {key}"
    return ""
