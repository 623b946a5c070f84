"""The checks of `doctor` on other machines; nothing is sent to users, and nothing is written."""

import asyncio
import smtplib
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from buildos_box.auth.local_files import local_address, local_admin_token
from buildos_box.errors import BoxError
from buildos_box.hostname import to_ascii
from buildos_box.llm.check import check
from buildos_box.mail.smtp_connection import ehlo_name, server_of
from buildos_box.mail.smtp_replies import EHLO_ADVICE, is_about_ehlo, tls_trouble
from buildos_box.settings import Settings
from buildos_box.settings.masking import masked_url
from buildos_box.upkeep.archive import key_files
from buildos_box.upkeep.findings import Finding, fault, note, ok, warning

SECONDS = 15.0
STRANGER_SECONDS = 3.0
"""How long whatever has taken the port may take to say that it is a BuildOS Box."""
SERVICE = "daily-brief-worker"


async def language_models(settings: Settings, http: "httpx.AsyncClient") -> AsyncIterator[Finding]:
    """A real, small call to each provider of the chain."""
    if not settings.llm.providers:
        yield note(
            "language model", "none: the built-in analyst writes the briefs",
            "set DEEPSEEK_API_KEY, OPENAI_API_KEY or ANTHROPIC_API_KEY, or [[llm.providers]]",
        )  # fmt: skip
    for found in await check(settings.llm.providers, http=http):
        name = f"language model {found.name}"
        if found.ok:
            yield ok(name, f"{found.model} {found.words}")
        else:
            fallen = "without it the next provider, or the built-in analyst, writes"
            yield fault(name, f"{found.model} {found.words}", f"see [[llm.providers]]; {fallen}")


async def mail(settings: Settings, http: "httpx.AsyncClient") -> AsyncIterator[Finding]:
    """The mail server, including the login, without sending a mail."""
    email = settings.email
    if email.transport == "outbox":
        yield note(
            "mail", f"is written to {settings.data.dir}/outbox and reaches nobody",
            'set email.transport = "smtp"',
        )  # fmt: skip
    elif email.transport == "webhook":
        yield await _reach("mail webhook", email.webhook.url, http, "check email.webhook.url")
        if other := email.webhook.notification.url:
            fix = "check email.webhook.notification.url"
            yield await _reach("notification webhook", other, http, fix)
    else:
        yield await asyncio.to_thread(_smtp, settings)
    if email.transport != "outbox" and email.from_address.endswith("@localhost"):
        yield fault(
            "sender", f"mail comes from {email.from_address}, which cannot be replied to",
            "set email.from_address to an address of your domain",
        )  # fmt: skip


def _smtp(settings: Settings) -> Finding:
    smtp = settings.email.smtp
    host, port, security = server_of(smtp)
    where = f"{host}:{port}"
    name, host = ehlo_name(smtp.ehlo_name, settings.email.from_address), to_ascii(host)
    try:
        tls = _tls(settings)
        server = (
            smtplib.SMTP_SSL(host, port, name, timeout=SECONDS, context=tls)
            if security == "tls"
            else smtplib.SMTP(host, port, name, timeout=SECONDS)
        )
        with server:
            if security == "starttls":
                server.starttls(context=tls)
            if smtp.username:
                server.login(smtp.username, smtp.password.reveal() if smtp.password else "")
            server.noop()
    except smtplib.SMTPAuthenticationError as error:
        return fault(
            "mail", f"{where} refuses the login ({error.smtp_code}): {_said(error)}",
            "check email.smtp.username and password; Gmail wants an app password",
        )  # fmt: skip
    except smtplib.SMTPNotSupportedError as error:
        return fault("mail", f"{where}: {error}", "check email.smtp.security and port")
    except ssl.SSLError as error:
        return fault(
            "mail", f"{where}: {tls_trouble(error, port)}",
            "check email.smtp.security, port and egress.ca_file",
        )  # fmt: skip
    except smtplib.SMTPResponseException as error:
        said = _said(error)
        cure = EHLO_ADVICE if is_about_ehlo(said) else "ask whoever runs the mail server"
        return fault("mail", f"{where} answers {error.smtp_code}: {said}", cure)
    except (smtplib.SMTPException, OSError) as error:
        return fault(
            "mail", f"{where} is out of reach: {error}",
            "check email.smtp.host and port, and whether this machine may connect out there",
        )  # fmt: skip
    login = "logs in" if smtp.username else "answers (no login is configured)"
    return ok("mail", f"{where} {login}")


def _said(error: smtplib.SMTPResponseException) -> str:
    raw = error.smtp_error
    return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw


def _tls(settings: Settings) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if settings.egress.ca_file:
        context.load_verify_locations(settings.egress.ca_file)
    return context


async def sms(settings: Settings, http: "httpx.AsyncClient") -> AsyncIterator[Finding]:
    """Twilio's account, read with the credentials."""
    sms = settings.sms
    if not sms.enabled:
        yield note("sms", "off: sms.enabled is false", "nothing is sent until it is true")
        return
    if not sms.account_sid or sms.auth_token is None:
        yield note("sms", "off: no Twilio account is configured", "set [sms] if you want it")
        return
    if not sms.messaging_service_sid:
        yield fault("sms", "sms.messaging_service_sid is missing", "set it: MG…, from Twilio")
    url = f"{sms.api_base_url.rstrip('/')}/2010-04-01/Accounts/{sms.account_sid}.json"
    try:
        answer = await http.get(
            url, auth=(sms.account_sid, sms.auth_token.reveal()), timeout=SECONDS
        )
    except httpx.HTTPError as error:
        yield fault("sms", f"Twilio is out of reach: {_words(error)}", "check sms.api_base_url")
        return
    if answer.status_code == 200:
        state = _state(answer)
        if state == "active":
            yield ok("sms", "Twilio knows the account")
        else:
            yield fault("sms", f"Twilio calls the account {state}", "see Twilio's console")
    elif answer.status_code in (401, 403, 404):
        yield fault(
            "sms", f"Twilio refuses the credentials ({answer.status_code})",
            "check sms.account_sid and sms.auth_token in Twilio's console",
        )  # fmt: skip
    else:
        yield warning("sms", f"Twilio answers {answer.status_code}", "try again later")


def _state(answer: "httpx.Response") -> str:
    """`active`, `suspended` or `closed`."""
    try:
        return str(answer.json()["status"])
    except (ValueError, LookupError, TypeError):
        return "something unknown"


async def push(settings: Settings) -> AsyncIterator[Finding]:
    """The keys and the contact address that push services need."""
    keys = [p.name for p in key_files(Path(settings.data.dir)) if p.name.startswith("vapid")]
    if settings.push.vapid_private_key is not None:
        keys = ["push.vapid_private_key"]
    if not keys:
        yield note("push", "no VAPID keys yet", "the first `buildos-box serve` makes them")
    subject = settings.push.vapid_subject
    if not subject:
        yield note(
            "push", "push.vapid_subject is empty: push services cannot report problems to you",
            'set push.vapid_subject = "mailto:you@your.domain"',
        )  # fmt: skip
    elif "localhost" in subject or not subject.startswith(("mailto:", "https://")):
        yield fault(
            "push", f"{subject!r} is refused by some push services",
            'set push.vapid_subject = "mailto:you@your.domain"',
        )  # fmt: skip
    elif keys:
        yield ok("push", f"{', '.join(keys)}, {subject}")


async def egress(settings: Settings) -> AsyncIterator[Finding]:
    """What users' addresses may lead to, and whether names can be resolved."""
    if settings.egress.allow_private is True:
        yield warning(
            "egress", "users' addresses may lead into your own network (egress.allow_private)",
            "list only the networks that must be reached",
        )  # fmt: skip
    else:
        yield ok("egress", "addresses that users give lead to the public internet only")
    ca_file = settings.egress.ca_file
    if ca_file:
        try:
            _tls(settings)
        except (OSError, ssl.SSLError) as error:
            yield fault("egress", f"{ca_file}: {error}", "egress.ca_file must be a PEM file")


async def public_address(settings: Settings, http: "httpx.AsyncClient") -> AsyncIterator[Finding]:
    """Whether the links in mail lead to this server."""
    name, url = "public address", settings.server.public_url
    shown = masked_url(url)
    if not settings.server.base_url:
        yield warning(
            name, f"links in mail lead to {shown}, which only this machine reaches",
            "set server.base_url to the address at which users reach the server",
        )  # fmt: skip
        return
    if urlsplit(url).scheme != "https" and urlsplit(url).hostname not in ("127.0.0.1", "localhost"):
        yield warning(
            name, f"{shown} is not encrypted: tokens travel in the clear, and push does not work",
            "put a reverse proxy with a certificate in front (docs: operating)",
        )  # fmt: skip
    try:
        answer = await http.get(f"{url}/health", timeout=SECONDS)
        service = answer.json().get("service") if answer.content else None
    except (httpx.HTTPError, ValueError, AttributeError) as error:
        yield fault(
            name, f"no BuildOS Box answers at {shown}/health: {_words(error)}",
            "start the server; check server.base_url, the DNS and the proxy",
        )  # fmt: skip
        return
    if service == SERVICE:
        yield ok(name, f"{shown} leads to a BuildOS Box")
    else:
        yield fault(name, f"something else answers at {shown}/health", "check the proxy")


async def port(settings: Settings) -> AsyncIterator[Finding]:
    """Whether the port is free or in use by this server."""
    host, number = settings.server.host, settings.server.port
    name, where = "port", f"{host}:{number}"
    if number == 0:
        yield ok(name, "any that is free")
        return
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, number))
    except OSError as error:
        if local_address(Path(settings.data.dir)) is not None:
            yield ok(name, f"{where} is in use by this server")
        elif await _health_at(settings.server.local_url, seconds=STRANGER_SECONDS) is not None:
            yield fault(
                name, f"another BuildOS Box serves {where}, not from {settings.data.dir}",
                "set server.port to another, or name its folder with --data",
            )  # fmt: skip
        else:
            yield fault(
                name, f"{where}: {error.strerror}",
                "stop what serves there, or set server.port to another",
            )  # fmt: skip
        return
    yield ok(name, f"{where} is free")


async def health(settings: Settings) -> AsyncIterator[Finding]:
    """What the server of this folder reports about itself; nothing if none answers."""
    data = Path(settings.data.dir)
    url = local_address(data)
    if url is None:
        return
    said = await _health_at(url, local_admin_token(data))
    if said is None:
        return
    if said.get("status") == "unhealthy":
        reasons = "; ".join(map(str, said.get("reasons") or ["its log says why"]))
        yield fault("health", f"the server at {url} is unhealthy: {reasons}", "see the reasons")
    else:
        yield ok("health", f"the server at {url} is {said.get('status')}")


async def _health_at(
    url: str, token: str | None = None, *, seconds: float = SECONDS
) -> dict[str, Any] | None:
    """What a BuildOS Box at an address of this machine reports; None if none is there."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with httpx.AsyncClient(trust_env=False, verify=False) as http:  # noqa: S501 (this machine)
        try:
            answer = await http.get(f"{url}/health", headers=headers, timeout=seconds)
            said = answer.json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError):
            return None
    return said if isinstance(said, dict) and said.get("service") == SERVICE else None


async def _reach(name: str, url: str, http: "httpx.AsyncClient", cure: str) -> Finding:
    """Whether the host answers at all; the address itself only accepts POST."""
    try:
        answer = await http.head(url, timeout=SECONDS)
    except httpx.HTTPError as error:
        return fault(name, f"{urlsplit(url).hostname} is out of reach: {_words(error)}", cure)
    return ok(name, f"{urlsplit(url).hostname} answers ({answer.status_code} to HEAD)")


def _words(error: Exception) -> str:
    return error.message if isinstance(error, BoxError) else str(error) or type(error).__name__
