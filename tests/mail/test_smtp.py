"""The SMTP transport against a real server (docs/spec.md#retry-classes)."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from buildos_box.errors import PermanentError, TransientError, Unprocessable
from buildos_box.mail.render import render
from buildos_box.mail.smtp import SmtpMailer
from buildos_box.mail.transport import make_mailer
from buildos_box.mail.transport_errors import OutcomeUnknown
from buildos_box.services import Mailer
from buildos_box.settings.channels import EmailSettings, SmtpSettings
from buildos_box.settings.model import EgressSettings, Settings
from buildos_box.settings.section import Secret
from tests.clock import ManualClock
from tests.doubles.smtp import DROP, HOST, Certificate, SmtpDouble, make_certificate
from tests.mail.sample_mails import SENDER, letter, part

ACCOUNT = ("box", "app password")
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH")


def mailer(server: SmtpDouble, *, ca_file: Path | None = None, **smtp: Any) -> Mailer:
    values = {"host": HOST, "port": server.port, "security": "none", "timeout_seconds": 5} | smtp
    return make_mailer(
        Settings(
            email=EmailSettings(
                transport="smtp",
                from_address=SENDER.address,
                smtp=SmtpSettings(**values),  # type: ignore[arg-type]
            ),
            egress=EgressSettings(ca_file=str(ca_file or "")),
        ),
        ManualClock(),
    )


async def send(to: Mailer, markdown: str = "# Hi\n\nA calm day.") -> str:
    rendered = render(letter(markdown), SENDER)
    return await to.send("email-1", rendered.recipient, rendered.message)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("tls"))


async def test_a_message_arrives_as_it_was_rendered() -> None:
    with SmtpDouble() as server:
        assert await send(mailer(server)) == "2.0.0 kept"
        assert server.raw == [render(letter("# Hi\n\nA calm day."), SENDER).message]
        assert server.recipients == ["ada@example.org"]
        assert server.messages[0]["Message-ID"] == "<email-1@box.example>"


async def test_lines_that_begin_with_a_dot_arrive_whole() -> None:
    with SmtpDouble() as server:
        await send(mailer(server), "a\n\n    .\n    ..two\n    From here\n")
        assert ".\n..two\nFrom here\n" in part(server.messages[0], "plain")


@pytest.mark.parametrize("code", [421, 450, 451, 452])
async def test_a_4xx_to_the_recipient_may_be_tried_again(code: int) -> None:
    with SmtpDouble() as server:
        server.answers_to_recipients(f"{code} 4.3.0 later")
        with pytest.raises(TransientError) as refused:
            await send(mailer(server))
        assert refused.value.code == f"smtp_{code}"
        assert not isinstance(refused.value, OutcomeUnknown)
        assert server.messages == []


@pytest.mark.parametrize("code", [550, 552, 554])
async def test_a_5xx_is_final(code: int) -> None:
    with SmtpDouble() as server:
        server.answers(f"{code} 5.1.1 no")
        with pytest.raises(PermanentError, match=r"5\.1\.1 no") as refused:
            await send(mailer(server))
        assert refused.value.code == f"smtp_{code}"
        server.answers_to_recipients("550 5.1.1 nobody here")
        with pytest.raises(PermanentError, match="nobody here"):
            await send(mailer(server))


async def test_a_451_to_the_message_may_be_tried_again() -> None:
    with SmtpDouble() as server:
        server.answers("451 4.3.0 later")
        with pytest.raises(TransientError) as refused:
            await send(mailer(server))
        assert not isinstance(refused.value, OutcomeUnknown)


async def test_a_server_that_hangs_up_after_the_message_leaves_the_outcome_unknown() -> None:
    with SmtpDouble() as server:
        server.answers(DROP)
        with pytest.raises(OutcomeUnknown):
            await send(mailer(server))
        assert len(server.messages) == 1


async def test_nobody_listening_may_be_tried_again() -> None:
    with SmtpDouble() as server:
        gone = mailer(server)
    with pytest.raises(TransientError) as refused:
        await send(gone)
    assert not isinstance(refused.value, OutcomeUnknown)


async def test_the_account_is_used() -> None:
    with SmtpDouble(account=ACCOUNT) as server:
        await send(mailer(server, username=ACCOUNT[0], password=Secret(ACCOUNT[1])))
        assert len(server.messages) == 1
        assert server.logins


async def test_a_wrong_password_is_final_and_is_not_told() -> None:
    with SmtpDouble(account=ACCOUNT) as server:
        with pytest.raises(PermanentError) as refused:
            await send(mailer(server, username="box", password=Secret("hunter2")))
        assert refused.value.code == "smtp_535"
        assert "hunter2" not in str(refused.value)
        assert server.messages == []


async def test_a_server_without_accounts_cannot_do_what_is_configured() -> None:
    with SmtpDouble() as server, pytest.raises(PermanentError) as refused:
        await send(mailer(server, username="box", password=Secret("x")))
    assert refused.value.code == "smtp_setup"


async def test_a_server_without_starttls_gets_no_mail_in_the_clear() -> None:
    with SmtpDouble() as server:
        with pytest.raises(PermanentError) as refused:
            await send(mailer(server, security="starttls"))
        assert refused.value.code == "smtp_setup"
        assert server.messages == []


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_an_extra_authority_is_trusted(certificate: Certificate, security: str) -> None:
    with SmtpDouble(account=ACCOUNT, certificate=certificate, security=security) as server:  # type: ignore[arg-type]
        await send(
            mailer(
                server,
                ca_file=certificate.authority,
                security=security,
                username=ACCOUNT[0],
                password=Secret(ACCOUNT[1]),
            )
        )
        assert server.over_tls == [True]


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_certificate_of_an_unknown_authority_is_not_trusted(
    certificate: Certificate, security: str
) -> None:
    with SmtpDouble(certificate=certificate, security=security) as server:  # type: ignore[arg-type]
        with pytest.raises(TransientError) as refused:
            await send(mailer(server, security=security))
        assert refused.value.code == "smtp_tls"
        assert server.messages == []


async def test_a_certificate_for_another_host_is_not_trusted(tmp_path: Path) -> None:
    other = make_certificate(tmp_path, host="127.0.0.9")
    with SmtpDouble(certificate=other) as server:
        with pytest.raises(TransientError, match=r"match"):
            await send(mailer(server, ca_file=other.authority, security="starttls"))
        assert server.messages == []


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_an_authority_file_that_cannot_be_read_stops_the_start(
    tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    settings = Settings(
        email=EmailSettings(transport="smtp"), egress=EgressSettings(ca_file=str(file))
    )
    with pytest.raises(Unprocessable, match=r"egress\.ca_file"):
        make_mailer(settings, ManualClock())


def test_gmail_needs_only_an_address_and_a_password() -> None:
    settings = SmtpSettings(preset="gmail", username="a@gmail.com", password=Secret("x"))
    gmail = SmtpMailer(settings, "a@gmail.com", None)
    assert (gmail.host, gmail.port, gmail.security) == ("smtp.gmail.com", 587, "starttls")


def test_rendering_again_gives_every_try_the_same_message_id() -> None:
    first = render(letter(), SENDER)
    assert render(replace(letter(), status="unknown"), SENDER).message == first.message
