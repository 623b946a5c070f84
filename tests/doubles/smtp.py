"""A real mail server on loopback that answers as its script says and keeps what it was given."""

import asyncio
import ssl
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HOST = "127.0.0.1"
ACCEPT = "250 2.0.0 kept"
DROP = "drop"
"""Take the whole message and hang up without a word: its sender cannot know."""


@dataclass
class Certificate:
    """A certificate for 127.0.0.1 and the authority that signed it, as PEM files."""

    chain: Path
    key: Path
    authority: Path


@dataclass
class _Handler:
    script: list[str]
    recipient_script: list[str]
    raw: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    sessions: int = 0
    over_tls: list[bool] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    greeted: set[int] = field(default_factory=set)
    open: dict[int, Any] = field(default_factory=dict)
    goodbyes: int = 0
    slow_seconds: float = 0

    async def handle_EHLO(
        self, server: Any, session: Any, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.sessions += 1
        self.greeted.add(id(server))
        self.open[id(server)] = server
        session.host_name = hostname
        return responses

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        await asyncio.sleep(self.slow_seconds)
        answer = self.recipient_script.pop(0) if self.recipient_script else "250 OK"
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_QUIT(self, server: Any, session: Any, envelope: Envelope) -> str:
        self.goodbyes += 1
        return "221 2.0.0 bye"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        answer = self.script.pop(0) if self.script else ACCEPT
        if answer == DROP or answer.startswith("250"):
            self.raw.append(cast(bytes, envelope.original_content))
            self.recipients += envelope.rcpt_tos
            self.over_tls.append(server.transport.get_extra_info("ssl_object") is not None)
        if answer == DROP:
            server.transport.abort()
            await asyncio.sleep(0)
        return answer if answer != DROP else "421 gone"


class _Controller(Controller):
    """Listens on a free port."""

    def _trigger_server(self) -> None:
        listening: Any = self.server
        self.port = listening.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


class SmtpDouble:
    """`with SmtpDouble() as server:` listens on `server.port` until the end of the block."""

    def __init__(
        self,
        *,
        account: tuple[str, str] | None = None,
        certificate: Certificate | None = None,
        security: Literal["starttls", "tls"] = "starttls",
    ) -> None:
        self._handler = _Handler([], [])
        context = _context(certificate) if certificate else None
        options: dict[str, Any] = {}
        if account is not None:
            options |= {
                "authenticator": self._authenticator(account),
                "auth_required": True,
                "auth_require_tls": certificate is not None and security == "starttls",
            }
        if context is not None and security == "starttls":
            options |= {"tls_context": context, "require_starttls": True}
        if context is not None and security == "tls":
            options |= {"ssl_context": context}
        self._controller = _Controller(
            self._handler, hostname=HOST, port=0, ready_timeout=10.0, **options
        )

    def _authenticator(self, account: tuple[str, str]) -> Any:
        expected = LoginPassword(account[0].encode(), account[1].encode())

        def check(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> Any:
            self._handler.logins.append(mechanism)
            return AuthResult(success=data == expected, handled=data == expected)

        return check

    def __enter__(self) -> "SmtpDouble":
        self._controller.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._controller.stop()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._controller.port)

    def answers(self, *answers: str) -> None:
        """What to say to the next messages, one each; after them all are accepted."""
        self._handler.script += answers

    @property
    def connections(self) -> int:
        """How many connections have ever said EHLO."""
        return len(self._handler.greeted)

    @property
    def open_connections(self) -> int:
        """How many of them still stand."""
        held = list(self._handler.open.values())
        return sum(server.transport is not None for server in held)

    @property
    def goodbyes(self) -> int:
        """How many said QUIT."""
        return self._handler.goodbyes

    def be_slow(self, seconds: float) -> None:
        """Answer to recipients that much later from now on."""
        self._handler.slow_seconds = seconds

    def hang_up(self) -> None:
        """End every connection without a word, and wait until it is done."""
        held = list(self._handler.open.values())

        async def abort() -> None:
            for server in held:
                if server.transport is not None:
                    server.transport.abort()

        asyncio.run_coroutine_threadsafe(abort(), self._controller.loop).result(5)

    def answers_to_recipients(self, *answers: str) -> None:
        """What to say to the next RCPT commands, one each."""
        self._handler.recipient_script += answers

    @property
    def raw(self) -> list[bytes]:
        """The messages taken, byte for byte."""
        return list(self._handler.raw)

    @property
    def messages(self) -> list[EmailMessage]:
        """The messages taken, parsed."""
        parser = BytesParser(policy=policy.default)
        return [parser.parsebytes(raw) for raw in self._handler.raw]

    @property
    def recipients(self) -> list[str]:
        """The envelopes' recipients of the messages taken."""
        return list(self._handler.recipients)

    @property
    def over_tls(self) -> list[bool]:
        """For each message taken, whether it came encrypted."""
        return list(self._handler.over_tls)

    @property
    def sessions(self) -> int:
        """How many times somebody said EHLO."""
        return self._handler.sessions

    @property
    def logins(self) -> list[str]:
        """The mechanism of each attempt to log in."""
        return list(self._handler.logins)


def _context(certificate: Certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.chain, certificate.key)
    return context


def make_certificate(folder: Path, *, host: str = HOST) -> Certificate:
    """An authority of our own and a certificate that it signed for `host`."""
    folder.mkdir(parents=True, exist_ok=True)
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), _new_key()
    authority = _signed(_name("Test authority"), authority_key, None, authority_key, host=None)
    leaf = _signed(_name(host), key, authority, authority_key, host=host)
    made = Certificate(folder / "chain.pem", folder / "key.pem", folder / "authority.pem")
    pem = serialization.Encoding.PEM
    made.chain.write_bytes(leaf.public_bytes(pem))
    made.authority.write_bytes(authority.public_bytes(pem))
    made.key.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return made


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _signed(
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Certificate | None,
    signer: ec.EllipticCurvePrivateKey,
    *,
    host: str | None,
) -> x509.Certificate:
    is_authority = issuer is None
    start = datetime(2020, 1, 1)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=365 * 60))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),
            critical=False,
        )
        .add_extension(_usage(is_authority), critical=True)
    )
    if host is not None:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False
        ).add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return builder.sign(signer, hashes.SHA256())


def _usage(is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
