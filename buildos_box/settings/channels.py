"""The sections of the channels: mail, SMS, push, chat."""

from typing import Annotated, Literal

from msgspec import field

from buildos_box.settings.section import (
    Secret,
    Section,
)
from buildos_box.settings.section import doc as _doc


class SmtpSettings(Section, frozen=True, kw_only=True):
    """A mail server."""

    preset: Annotated[
        Literal["gmail"] | None, _doc("gmail: needs only username and an app password.")
    ] = None
    host: Annotated[str, _doc("The server's name.")] = ""
    port: Annotated[int, _doc("Its port.", ge=1, le=65535)] = 587
    security: Annotated[
        Literal["starttls", "tls", "none"], _doc("How the connection is protected.")
    ] = "starttls"
    username: Annotated[str, _doc("Account; empty for none.")] = ""
    password: Annotated[Secret | None, _doc("Password or app password.")] = None
    ehlo_name: Annotated[
        str,
        _doc("Name in EHLO; the domain of from_address if empty, or this machine's full name."),
    ] = ""
    timeout_seconds: Annotated[
        float,
        _doc("Longest wait for a connection; later steps wait as long as RFC 5321 asks for.", gt=0),
    ] = 30
    connections: Annotated[int, _doc("Connections at once, at most.", ge=1, le=64)] = 4
    idle_seconds: Annotated[
        float, _doc("How long a connection is kept open for the next mail.", gt=0)
    ] = 30


class NotificationWebhookSettings(Section, frozen=True, kw_only=True):
    """Where mails that are no briefs go; without url as all others."""

    url: Annotated[
        str, _doc("Where to POST them; needed if the dialect above is buildos-daily-brief.")
    ] = ""
    secret: Annotated[Secret | None, _doc("Key of the signature; the one above if unset.")] = None
    dialect: Annotated[
        Literal["standard", "buildos-notification"], _doc("Body and headers, as above.")
    ] = "buildos-notification"


class EmailWebhookSettings(Section, frozen=True, kw_only=True):
    """Mail handed to a web address instead of a mail server."""

    url: Annotated[str, _doc("Where to POST each mail.")] = ""
    secret: Annotated[Secret | None, _doc("Key of the signature; needed.")] = None
    dialect: Annotated[
        Literal["standard", "buildos-daily-brief", "buildos-notification"],
        _doc("Body and headers: Standard Webhooks, or as a receiver of the BuildOS frontend."),
    ] = "standard"
    timeout_seconds: Annotated[float, _doc("Longest wait for an answer.", gt=0)] = 30
    tries: Annotated[int, _doc("Tries per delivery.", ge=1)] = 3
    notification: NotificationWebhookSettings = field(default_factory=NotificationWebhookSettings)


class EmailSettings(Section, frozen=True, kw_only=True):
    """Mail."""

    transport: Annotated[
        Literal["outbox", "smtp", "webhook"],
        _doc("outbox writes .eml files into the data folder; smtp and webhook send."),
    ] = "outbox"
    from_address: Annotated[str, _doc("Sender's address.")] = "briefs@localhost"
    from_name: Annotated[str, _doc("Sender's name.")] = "BuildOS"
    tracking: Annotated[bool, _doc("Count opens and clicks; each user can turn it off.")] = True
    smtp: SmtpSettings = field(default_factory=SmtpSettings)
    webhook: EmailWebhookSettings = field(default_factory=EmailWebhookSettings)


class SmsSettings(Section, frozen=True, kw_only=True):
    """SMS through Twilio; off without an account."""

    enabled: Annotated[
        bool, _doc("false: no SMS is sent; each is skipped, with this as its reason.")
    ] = True
    account_sid: Annotated[str, _doc("Twilio account SID.")] = ""
    auth_token: Annotated[Secret | None, _doc("Twilio auth token.")] = None
    messaging_service_sid: Annotated[str, _doc("Twilio messaging service SID.")] = ""
    api_base_url: Annotated[str, _doc("Address of Twilio's API.")] = "https://api.twilio.com"
    country: Annotated[str, _doc("Country of numbers written without +.")] = "US"
    allowed_countries: Annotated[
        tuple[str, ...],
        _doc("Countries whose numbers may be written to, like US, DE; all if empty."),
    ] = ()
    llm_text: Annotated[bool, _doc("Let language models write reminders.")] = True


class PushSettings(Section, frozen=True, kw_only=True):
    """Web push."""

    vapid_private_key: Annotated[
        Secret | None,
        _doc(
            "The private VAPID key as `web-push generate-vapid-keys` prints it; made on first "
            "start if unset. Browsers are subscribed to one key and must subscribe anew to another."
        ),
    ] = None
    vapid_public_key: Annotated[
        str, _doc("Its public key; only compared with the private one, so it may be left out.")
    ] = ""
    vapid_subject: Annotated[
        str, _doc("mailto: or https: address that push services may write to.")
    ] = ""
    max_subscriptions_per_user: Annotated[int, _doc("Browsers per user.", ge=1)] = 10


class ChatSettings(Section, frozen=True, kw_only=True):
    """One chat service; needs the extra `buildos-box[chat]`."""

    url: Annotated[
        Secret,
        _doc("Apprise URL with `{target}` where a person's part goes: ntfys://ntfy.sh/{target}."),
    ]
    hint: Annotated[str, _doc("What people are asked for; the service's usual words if empty.")] = (
        ""
    )
    api_base_url: Annotated[
        str,
        _doc("Address of the API, if not the usual one: a Telegram Bot API server of your own."),
    ] = ""
