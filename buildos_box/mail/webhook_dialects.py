"""The bodies and headers of webhook mail, one form per receiver (docs/spec.md#mail-webhook)."""

import hashlib
import hmac
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Literal

import msgspec

from buildos_box.clock import Instant, to_text
from buildos_box.errors import PermanentError
from buildos_box.services import MailContext
from buildos_box.webhook_signature import standard_headers

Dialect = Literal["standard", "buildos-daily-brief", "buildos-notification"]
STANDARD: Dialect = "standard"
DAILY_BRIEF: Dialect = "buildos-daily-brief"
_HEADERS = ("List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted")


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
            html=_part(parsed, "html"),
            text=_part(parsed, "plain"),
            headers={name: str(parsed[name]) for name in _HEADERS if parsed[name]},
        )


def _part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    return body.get_content().replace("\r\n", "\n") if body is not None else ""


def body_of(dialect: Dialect, mail: WebhookMail, about: MailContext, now: Instant) -> bytes:
    """The body of the POST. Raises PermanentError if the dialect has no form for this mail."""
    common: dict[str, Any] = msgspec.to_builtins(mail)
    match dialect:
        case "standard":
            return msgspec.json.encode(mail)
        case "buildos-daily-brief":
            return msgspec.json.encode(common | _daily_brief(mail, about, now))
        case "buildos-notification":
            return msgspec.json.encode(common | _notification(mail, about))


def _daily_brief(mail: WebhookMail, about: MailContext, now: Instant) -> dict[str, Any]:
    if mail.brief_id is None or mail.brief_date is None:
        raise PermanentError(
            "email.webhook.dialect buildos-daily-brief has no form for a mail that is not a "
            "brief; use standard or buildos-notification",
            code="webhook_dialect",
        )
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


def headers_of(
    dialect: Dialect, secret: str, email_id: str, body: bytes, now: Instant
) -> dict[str, str]:
    """The headers of the POST: by them the receiver knows the sender and a repetition."""
    headers = {"Content-Type": "application/json", "Idempotency-Key": email_id}
    at = int(now.timestamp())
    match dialect:
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


def cause_of(dialect: Dialect, status: int) -> str:
    """The likely cause of an answer, appended to its error; empty if the status says enough."""
    same = "check that email.webhook.secret is its PRIVATE_BUILDOS_WEBHOOK_SECRET"
    if dialect != STANDARD and status == 500:
        return f"; the BuildOS frontend answers 500 also to a refused signature or token: {same}"
    if status in (401, 403):
        return "; it refuses the signature or token: check email.webhook.secret"
    return ""
