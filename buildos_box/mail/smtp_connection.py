"""One SMTP session, with a time limit for each step (RFC 5321, 4.5.3.2).

A limit that is too short at the end does harm: a client that disconnects before the answer to a
message that the server has accepted sends it twice.
"""

import asyncio
import re
import socket
import ssl
from dataclasses import dataclass

import aiosmtplib

from buildos_box.email_address import parse
from buildos_box.hostname import to_ascii
from buildos_box.settings import SmtpSettings

GMAIL = ("smtp.gmail.com", 587, "starttls")
START_INPUT = 354
NO_NAME = "[127.0.0.1]"
"""An address literal (RFC 5321, 4.1.3), for a machine without a public name."""
_LEADING_DOT = re.compile(rb"(?m)^\.")


@dataclass(frozen=True, slots=True)
class StepTimeouts:
    """The longest wait for each reply, in seconds."""

    command: float = 300
    """The greeting, EHLO, STARTTLS, AUTH, MAIL and RCPT."""
    data: float = 120
    """The reply to DATA, before the message."""
    accepted: float = 600
    """The reply to the dot at the message's end, before which servers may scan it."""


def server_of(settings: SmtpSettings) -> tuple[str, int, str]:
    """Host, port and security, by preset or settings."""
    if settings.preset == "gmail":
        return GMAIL
    return settings.host, settings.port, settings.security


class Refused(Exception):
    """The server has answered and not accepted the message."""

    def __init__(self, code: int, said: str) -> None:
        super().__init__(f"{code} {said}")
        self.code = code
        self.said = said


class NotBegun(Exception):
    """The connection ended before the server had any of the message."""


async def connect(
    settings: SmtpSettings,
    *,
    host: str,
    port: int,
    security: str,
    ehlo_name: str,
    tls: ssl.SSLContext | None,
    steps: StepTimeouts,
) -> aiosmtplib.SMTP:
    """A session that is encrypted and logged in as configured.

    `settings.timeout_seconds` bounds making the connection, `steps` what follows. Raises OSError
    and what aiosmtplib raises.
    """
    name = to_ascii(host)
    connected = await _connected_socket(name, port, settings.timeout_seconds)
    password = settings.password
    client = aiosmtplib.SMTP(
        hostname=name,
        sock=connected,
        use_tls=security == "tls",
        start_tls=security == "starttls",
        username=settings.username or None,
        password=password.reveal() if password else None,
        local_hostname=ehlo_name,
        timeout=steps.command,
        tls_context=tls if security != "none" else None,
    )
    try:
        await client.connect()
        if client.is_ehlo_or_helo_needed:
            await _introduce(client)
    except BaseException:
        client.close()
        connected.close()
        raise
    return client


async def _introduce(client: aiosmtplib.SMTP) -> None:
    """EHLO, or HELO for a server that knows no other."""
    try:
        await client.ehlo()
    except aiosmtplib.SMTPHeloError:
        if not client.is_connected:
            raise
        await client.helo()


async def _connected_socket(host: str, port: int, seconds: float) -> socket.socket:
    """Connected to the first of the host's addresses that answers. Raises OSError."""
    loop = asyncio.get_running_loop()
    failure: OSError = OSError(f"{host} has no address")
    try:
        async with asyncio.timeout(seconds):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            for family, kind, protocol, _, address in found:
                one = socket.socket(family, kind, protocol)
                try:
                    one.setblocking(False)
                    await loop.sock_connect(one, address)
                except OSError as error:
                    one.close()
                    failure = error
                except BaseException:
                    one.close()
                    raise
                else:
                    return one
    except TimeoutError:
        raise TimeoutError(f"no connection to {host}:{port} in {seconds:g} s") from None
    raise failure


async def hand_over(client: aiosmtplib.SMTP, message: bytes, steps: StepTimeouts) -> str:
    """Send the message on an addressed session; returns what the server said to it.

    Raises NotBegun if the connection ended before the message, Refused if the server has not taken
    it, and what aiosmtplib raises if it may have: no reply came, or one that cannot be read.
    """
    try:
        started = await client.execute_command(b"DATA", timeout=steps.data)
    except (aiosmtplib.SMTPException, OSError) as error:
        raise NotBegun(str(error)) from error
    if started.code != START_INPUT:
        raise Refused(started.code, started.message)
    protocol = client.protocol
    if protocol is None or not protocol.is_connected:
        raise NotBegun("the connection was lost")
    content = _LEADING_DOT.sub(b"..", message)
    end = b".\r\n" if content.endswith(b"\r\n") else b"\r\n.\r\n"
    protocol.write(content + end)
    answer = await protocol.read_response(timeout=steps.accepted)
    if 200 <= answer.code < 300:
        return answer.message
    if 400 <= answer.code < 600:
        raise Refused(answer.code, answer.message)
    raise aiosmtplib.SMTPServerDisconnected(f"unreadable answer: {answer.code} {answer.message}")


def ehlo_name(configured: str, from_address: str) -> str:
    """The name of this machine: as configured, else the sender's domain, else its own full name.

    Many servers refuse `localhost` and names without a dot.
    """
    if configured:
        return configured if configured.startswith("[") else to_ascii(configured)
    for name in (_domain_of(from_address), socket.getfqdn()):
        if "." in name.strip(".") and not name.endswith((".localdomain", ".local", ".internal")):
            return name
    return NO_NAME


def _domain_of(address: str) -> str:
    try:
        return parse(address).domain
    except ValueError:
        return ""
