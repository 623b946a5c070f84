"""Checks of values that have the right type but are not possible, alone or together."""

import ipaddress
import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

from buildos_box.email_address import parse
from buildos_box.hostname import to_ascii
from buildos_box.locales.tags import tag_of
from buildos_box.settings.backup_place import Place
from buildos_box.settings.channels import (
    EmailWebhookSettings,
    PushSettings,
    SmsSettings,
    SmtpSettings,
)
from buildos_box.settings.chat_url import fault_of_template
from buildos_box.settings.masking import masked_url
from buildos_box.settings.model import Settings
from buildos_box.settings.section import Secret
from buildos_box.settings.vapid_key import private_key, public_text
from buildos_box.webhook_signature import webhook_key


class Contradiction(NamedTuple):
    """A value that cannot be: its key, what is wrong and what is allowed.

    `cause` is the key whose value makes it impossible, if that is another one.
    """

    key: str
    message: str
    cause: str | None = None


_COUNTRY = re.compile(r"[A-Z]{2}")
_RECIPIENT = re.compile(r"age1[02-9ac-hj-np-z]{58}")


def contradictions(settings: Settings, given: set[str]) -> Iterator[Contradiction]:
    """Every impossible value."""
    yield from _server(settings)
    yield from _frontend(settings)
    yield from _queue(settings)
    yield from _email(settings)
    yield from _backup(settings)
    yield from _weather(settings)
    yield from _chat(settings)
    yield from _languages(settings)
    yield from _addresses(settings, given)


def _is_url(text: str) -> bool:
    parts = urlsplit(text)
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _is_subject(text: str) -> bool:
    """Whether it is empty, or a contact address of a VAPID signature (RFC 8292, 2.1)."""
    if text.startswith("mailto:"):
        name, _, host = text.removeprefix("mailto:").partition("@")
        return bool(name and host) and not any(c.isspace() for c in text)
    return not text or (text.startswith("https://") and _is_url(text))


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _server(settings: Settings) -> Iterator[Contradiction]:
    server = settings.server
    if server.base_url and not _is_url(server.base_url):
        yield Contradiction(
            "server.base_url", f"{masked_url(server.base_url)!r} must be an http(s) address"
        )
    for origin in server.cors_origins:
        parts = urlsplit(origin)
        if not _is_url(origin) or parts.path or parts.query or parts.fragment:
            yield Contradiction(
                "server.cors_origins",
                f"{origin!r} must be an origin like https://app.example.org",
            )
    for network in server.trusted_proxies:
        if not _is_network(network):
            yield Contradiction(
                "server.trusted_proxies", f"{network!r} must be a network like 10.0.0.0/8"
            )


def _frontend(settings: Settings) -> Iterator[Contradiction]:
    frontend = settings.frontend
    for name, address, placeholder in (
        ("task_url", frontend.task_url, "{taskId}"),
        ("project_url", frontend.project_url, "{projectId}"),
        ("brief_url", frontend.brief_url, "{briefDate}"),
    ):
        if address and not (_is_url(address) and placeholder in address):
            example = f"https://app.example.com/…/{placeholder}"
            yield Contradiction(
                f"frontend.{name}",
                f"{masked_url(address)!r} must be an http(s) address like {example}",
            )


def _queue(settings: Settings) -> Iterator[Contradiction]:
    queue = settings.queue
    if queue.heartbeat_seconds * 2 > queue.lease_seconds:
        yield Contradiction(
            "queue.heartbeat_seconds",
            f"must be at most half of lease_seconds ({queue.lease_seconds:g})",
            "queue.lease_seconds",
        )
    if queue.workers < len(queue.lanes):
        yield Contradiction(
            "queue.workers", f"must be at least {len(queue.lanes)}, one for each lane"
        )


def _backup(settings: Settings) -> Iterator[Contradiction]:
    backup = settings.backup
    if backup.s3.endpoint and not _is_url(backup.s3.endpoint):
        shown = masked_url(backup.s3.endpoint)
        yield Contradiction("backup.s3.endpoint", f"{shown!r} must be an http(s) address")
    if backup.recipient and not _RECIPIENT.fullmatch(backup.recipient):
        wrong = "is no public key like age1…; `buildos-box backup key FILE` makes a pair"
        yield Contradiction("backup.recipient", wrong)
    if not backup.to:
        return
    try:
        Place.of(backup.to)
    except ValueError as error:
        yield Contradiction("backup.to", str(error))
    if not backup.recipient:
        needed = "is needed when backup.to is set: nothing leaves this machine unencrypted"
        yield Contradiction("backup.recipient", needed, "backup.to")


def _email(settings: Settings) -> Iterator[Contradiction]:
    email = settings.email
    try:
        parse(email.from_address)
    except ValueError as error:
        yield Contradiction("email.from_address", f"{email.from_address!r} {error}")
    if email.transport == "smtp":
        if email.smtp.preset is None and not email.smtp.host:
            yield Contradiction(
                "email.smtp.host",
                "is needed when email.transport is smtp (or set preset)",
                "email.transport",
            )
        yield from _host_names(email.smtp)
        if email.smtp.preset == "gmail" and not (email.smtp.username and email.smtp.password):
            yield Contradiction(
                "email.smtp.username",
                "and password are needed for the gmail preset",
                "email.smtp.preset",
            )
    if email.transport == "webhook":
        yield from _webhook(email.webhook)
        yield from _notification_webhook(email.webhook)


def _webhook(webhook: EmailWebhookSettings) -> Iterator[Contradiction]:
    if not _is_url(webhook.url):
        yield Contradiction(
            "email.webhook.url",
            "an http(s) address is needed when email.transport is webhook",
            "email.transport",
        )
    if webhook.secret is None or not webhook.secret.reveal():
        yield Contradiction(
            "email.webhook.secret",
            "is needed when email.transport is webhook: mail would go out unsigned",
            "email.transport",
        )
        return
    yield from _webhook_secret("email.webhook.secret", webhook.secret)


def _notification_webhook(webhook: EmailWebhookSettings) -> Iterator[Contradiction]:
    key, other = "email.webhook.notification", webhook.notification
    if other.url and not _is_url(other.url):
        yield Contradiction(f"{key}.url", f"{masked_url(other.url)!r} must be an http(s) address")
    if not other.url and webhook.dialect == "buildos-daily-brief":
        yield Contradiction(
            f"{key}.url",
            "is needed when email.webhook.dialect is buildos-daily-brief, which has no form for "
            "notifications and codes",
            "email.webhook.dialect",
        )
    if other.secret is not None:
        yield from _webhook_secret(f"{key}.secret", other.secret)


def _webhook_secret(key: str, secret: Secret) -> Iterator[Contradiction]:
    try:
        webhook_key(secret.reveal())
    except ValueError as error:
        yield Contradiction(key, str(error))


def _host_names(smtp: SmtpSettings) -> Iterator[Contradiction]:
    names = {"host": smtp.host, "ehlo_name": "" if smtp.ehlo_name[:1] == "[" else smtp.ehlo_name}
    for key, name in names.items():
        try:
            if name:
                to_ascii(name)
        except ValueError as error:
            yield Contradiction(f"email.smtp.{key}", f"{name!r} {error}")


def _vapid_keys(push: PushSettings) -> Iterator[Contradiction]:
    if push.vapid_private_key is None:
        if push.vapid_public_key:
            yield Contradiction("push.vapid_public_key", "needs push.vapid_private_key as well")
        return
    try:
        key = private_key(push.vapid_private_key.reveal())
    except ValueError as error:
        yield Contradiction(
            "push.vapid_private_key",
            f"{error}; it is the private key as web-push generate-vapid-keys prints it",
        )
        return
    if push.vapid_public_key and push.vapid_public_key.rstrip("=") != public_text(key):
        yield Contradiction(
            "push.vapid_public_key",
            "is not that of push.vapid_private_key; leave it out, or give the pair",
        )


def _has_numbers(country: str) -> bool:
    """Whether telephone numbers of that country are known."""
    from phonenumbers import SUPPORTED_REGIONS  # it takes long to import

    return country in SUPPORTED_REGIONS


def _weather(settings: Settings) -> Iterator[Contradiction]:
    weather = settings.weather
    for name, address in (("url", weather.url), ("geocoding_url", weather.geocoding_url)):
        if not _is_url(address):
            shown = masked_url(address)
            yield Contradiction(f"weather.{name}", f"{shown!r} must be an http(s) address")


def _chat(settings: Settings) -> Iterator[Contradiction]:
    for name, service in settings.chat.items():
        if fault := fault_of_template(service.url.reveal()):
            yield Contradiction(f"chat.{name}.url", fault)
        if service.api_base_url and not _is_url(service.api_base_url):
            shown = masked_url(service.api_base_url)
            yield Contradiction(
                f"chat.{name}.api_base_url", f"{shown!r} must be an http(s) address"
            )


def _languages(settings: Settings) -> Iterator[Contradiction]:
    try:
        tag_of(settings.briefs.locale)
    except ValueError as error:
        yield Contradiction("briefs.locale", f"{settings.briefs.locale!r} {error}")


def _addresses(settings: Settings, given: set[str]) -> Iterator[Contradiction]:
    if "sms.api_base_url" in given and not _is_url(settings.sms.api_base_url):
        yield Contradiction(
            "sms.api_base_url",
            f"{masked_url(settings.sms.api_base_url)!r} must be an http(s) address",
        )
    if settings.sms.country != SmsSettings().country and not _has_numbers(settings.sms.country):
        country = settings.sms.country
        yield Contradiction("sms.country", f"{country!r} is not a country's two letters, like DE")
    for country in settings.sms.allowed_countries:
        if not _COUNTRY.fullmatch(country):
            yield Contradiction(
                "sms.allowed_countries",
                f"{country!r} is not a country's two letters, like DE",
            )
    if not _is_subject(settings.push.vapid_subject):
        subject = settings.push.vapid_subject
        yield Contradiction(
            "push.vapid_subject",
            f"{subject!r} must be an address like mailto:ops@example.org",
        )
    yield from _vapid_keys(settings.push)
    if isinstance(settings.egress.allow_private, tuple):
        for network in settings.egress.allow_private:
            if not _is_network(network):
                yield Contradiction(
                    "egress.allow_private",
                    f"{network!r} must be a network like 192.168.0.0/16",
                )
    names = [provider.name for provider in settings.llm.providers]
    for index, provider in enumerate(settings.llm.providers):
        if provider.name in names[:index]:
            key = f"llm.providers[{index}].name"
            yield Contradiction(
                key, f"{provider.name!r} is already the name of an earlier provider"
            )
        if not _is_url(provider.base_url):
            key = f"llm.providers[{index}].base_url"
            yield Contradiction(
                key, f"{masked_url(provider.base_url)!r} must be an http(s) address"
            )
