"""Values that are each of the right type but cannot be, alone or together."""

import ipaddress
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from buildos_box.email_address import parse
from buildos_box.hostname import to_ascii
from buildos_box.settings.masking import masked_url
from buildos_box.settings.model import Settings, SmtpSettings

_COUNTRY = re.compile(r"[A-Z]{2}")


def contradictions(settings: Settings, given: set[str]) -> Iterator[tuple[str, str]]:
    """(key, what is wrong and what is allowed) for every impossible value."""
    yield from _server(settings)
    yield from _queue(settings)
    yield from _email(settings)
    yield from _addresses(settings, given)


def _is_url(text: str) -> bool:
    parts = urlsplit(text)
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _is_subject(text: str) -> bool:
    """Empty, or an address that a push service may write to (RFC 8292, 2.1)."""
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


def _server(settings: Settings) -> Iterator[tuple[str, str]]:
    server = settings.server
    if server.base_url and not _is_url(server.base_url):
        yield "server.base_url", f"{masked_url(server.base_url)!r} is no http(s) address"
    for origin in server.cors_origins:
        parts = urlsplit(origin)
        if not _is_url(origin) or parts.path or parts.query or parts.fragment:
            yield "server.cors_origins", f"{origin!r} is no origin like https://app.example.org"
    for network in server.trusted_proxies:
        if not _is_network(network):
            yield "server.trusted_proxies", f"{network!r} is no network like 10.0.0.0/8"


def _queue(settings: Settings) -> Iterator[tuple[str, str]]:
    queue = settings.queue
    if queue.heartbeat_seconds * 2 > queue.lease_seconds:
        yield (
            "queue.heartbeat_seconds",
            f"must be at most half of lease_seconds ({queue.lease_seconds:g})",
        )
    if queue.workers < len(queue.lanes):
        yield "queue.workers", f"must be at least {len(queue.lanes)}, one for each lane"


def _email(settings: Settings) -> Iterator[tuple[str, str]]:
    email = settings.email
    try:
        parse(email.from_address)
    except ValueError as error:
        yield "email.from_address", f"{email.from_address!r} {error}"
    if email.transport == "smtp":
        if email.smtp.preset is None and not email.smtp.host:
            yield "email.smtp.host", "is needed when email.transport is smtp (or set preset)"
        yield from _host_names(email.smtp)
        if email.smtp.preset == "gmail" and not (email.smtp.username and email.smtp.password):
            yield "email.smtp.username", "and password are needed for the gmail preset"
    if email.transport == "webhook" and not _is_url(email.webhook.url):
        yield "email.webhook.url", "an http(s) address is needed when email.transport is webhook"


def _host_names(smtp: SmtpSettings) -> Iterator[tuple[str, str]]:
    names = {"host": smtp.host, "ehlo_name": "" if smtp.ehlo_name[:1] == "[" else smtp.ehlo_name}
    for key, name in names.items():
        try:
            if name:
                to_ascii(name)
        except ValueError as error:
            yield f"email.smtp.{key}", f"{name!r} {error}"


def _addresses(settings: Settings, given: set[str]) -> Iterator[tuple[str, str]]:
    if "sms.api_base_url" in given and not _is_url(settings.sms.api_base_url):
        yield "sms.api_base_url", f"{masked_url(settings.sms.api_base_url)!r} is no http(s) address"
    for country in settings.sms.allowed_countries:
        if not _COUNTRY.fullmatch(country):
            yield "sms.allowed_countries", f"{country!r} is not a country's two letters, like DE"
    if not _is_subject(settings.push.vapid_subject):
        subject = settings.push.vapid_subject
        yield "push.vapid_subject", f"{subject!r} is no address like mailto:ops@example.org"
    if isinstance(settings.egress.allow_private, tuple):
        for network in settings.egress.allow_private:
            if not _is_network(network):
                yield "egress.allow_private", f"{network!r} is no network like 192.168.0.0/16"
    names = [provider.name for provider in settings.llm.providers]
    for index, provider in enumerate(settings.llm.providers):
        if provider.name in names[:index]:
            key = f"llm.providers[{index}].name"
            yield key, f"{provider.name!r} is the name of an earlier one; give it its own"
        if not _is_url(provider.base_url):
            key = f"llm.providers[{index}].base_url"
            yield key, f"{masked_url(provider.base_url)!r} is no http(s) address"
