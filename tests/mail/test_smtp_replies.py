"""What real mail servers have answered, and what each answer means for a mail.

The replies are those of public reports, in our own words; the source is beside each.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

import aiosmtplib
import pytest

from buildos_box.errors import PermanentError, TransientError
from buildos_box.mail.render import render
from buildos_box.mail.smtp import SmtpMailer
from buildos_box.mail.smtp_connection import NotBegun, StepTimeouts, ehlo_name, hand_over
from buildos_box.mail.smtp_replies import by_reply, without_reply
from buildos_box.mail.transport_errors import AddressBounced, OutcomeUnknown
from buildos_box.settings import SmtpSettings
from tests.doubles.smtp_script import HANG_UP, ScriptedSmtp
from tests.mail.sample_mails import SENDER, letter

MESSAGE = render(letter(), SENDER).message
Meaning = Literal["later", "never", "nobody", "unknown"]
MEANINGS: dict[Meaning, type[Exception]] = {
    "later": TransientError,
    "never": PermanentError,
    "nobody": AddressBounced,
    "unknown": OutcomeUnknown,
}

SAMPLES: list[tuple[str, str, Meaning]] = [
    # mail-in-a-box/mailinabox#1771, Purelymail/purelymail-issues#354: Gmail, to the final dot.
    ("dot", "421-4.7.28 an unusual rate of mail comes from you\n421 4.7.28 gsmtp", "later"),
    ("data", "421 4.7.28 an unusual rate of mail comes from you", "later"),
    # eleith/emailjs#202: postgrey.
    ("rcpt", "450 4.2.0 Recipient address rejected: Greylisted, see postgrey", "later"),
    # stalwartlabs/stalwart#1108: taken for a permanent error by others.
    ("rcpt", "422 4.2.2 Greylisted, please try again in a few moments", "later"),
    # viridIT/vSMTP#571: greylists with a 5xx code, and no enhanced one.
    ("rcpt", "554 greylisted", "later"),
    # cosullivan/SmtpServer#98.
    ("rcpt", "550 grey-listed, come back in a while", "later"),
    ("rcpt", "550 4.7.1 try again in 300 seconds", "later"),
    ("rcpt", "554 deferred until later", "later"),
    # Mailu/Mailu#1742, postalserver/postal#576: rspamd.
    ("dot", "451 4.7.1 Try again later", "later"),
    # rspamd/rspamd#2013: the same, without words.
    ("dot", "451 4.7.1", "later"),
    # sabuhish/fastapi-mail#75, Ombi-app/Ombi#4093: Exchange Online.
    ("dot", "432 4.3.2 Concurrent connections limit exceeded", "later"),
    # in2code-de/luxletter#247, PHPMailer/PHPMailer#2070: exim, instead of a greeting.
    ("connect", "421 Too many concurrent SMTP connections", "later"),
    # MicrosoftDocs/OfficeDocs-Exchange#2499, ActiveCampaign/smtp-field-manual#89.
    ("connect", "451 4.7.500 Server busy. Please try again later", "later"),
    ("mail", "451 4.7.651 rate limited due to the reputation of your address", "later"),
    # sisimai/p5-sisimai#466.
    ("rcpt", "450-4.2.1 they get mail at a rate\n450 4.2.1 that prevents more", "later"),
    ("rcpt", "452 4.3.2 Connection rate limit exceeded", "later"),
    # sisimai/p5-sisimai#353: Orange.
    ("dot", "421 4.2.0 Service refuse. Veuillez essayer plus tard", "later"),
    # chatmail/core#1847: a name that is in no DNS; the rule is the server's own.
    ("rcpt", "450 4.7.1 <x.localdomain>: Helo command rejected: Host not found", "later"),
    # postalserver/postal#19, cyrusimap/cyrus-imapd#4960, bitwarden/server#164.
    ("rcpt", "504 5.5.2 <localhost>: Helo command rejected: need fully-qualified name", "never"),
    # maxking/docker-mailman#303, root-io/vmail#89: Gmail, of our own address.
    ("dot", "550-5.7.1 likely unsolicited mail\n550 5.7.1 it has been blocked", "never"),
    # root-io/vmail#67.
    ("data", "550 5.7.1 <DATA>: Data command rejected: only 10 messages per day", "never"),
    # MicrosoftDocs/OfficeDocs-Support#1150.
    ("dot", "554 5.2.0 STOREDRV.Submission.Exception: quota of submissions exceeded", "never"),
    # sisimai/p5-sisimai#317: Exchange Online, of a recipient that its edge does not know.
    ("rcpt", "550 5.4.1 Recipient address rejected: Access denied", "never"),
    # OpenSMTPD/OpenSMTPD#1276: words that sound temporary do not outdo an enhanced code.
    ("dot", "550 5.7.1 Permanent failure: not the format that we want, try again later", "never"),
    # Of our own address, whatever the code says of addresses.
    ("mail", "550 5.1.0 no such address", "never"),
    # chatmail/core#1748.
    ("rcpt", "550 5.1.1 no such user", "nobody"),
    ("dot", "554 5.7.1 [2] Message rejected under suspicion of spam", "never"),
    ("rcpt", "550 no such user here", "nobody"),
    # aiosmtplib and others: an answer that is none after the whole message was handed over.
    ("dot", "OK, queued", "unknown"),
    ("dot", "354 go on", "unknown"),
    ("dot", HANG_UP, "unknown"),
    # The first and the last code of what RFC 5321 knows, and those beyond.
    ("dot", "300 what", "unknown"),
    ("dot", "400 not now", "later"),
    ("dot", "499 not now", "later"),
    ("dot", "500 no", "never"),
    ("dot", "599 no", "never"),
    ("dot", "600 what", "unknown"),
    ("rcpt", "500 no", "never"),
    ("rcpt", "600 what", "later"),
    # An answer that is none, before the message.
    ("data", "go ahead", "later"),
    # The connection ends before the message: nothing has left.
    ("data", HANG_UP, "later"),
    ("rcpt", HANG_UP, "later"),
    ("ehlo", HANG_UP, "later"),
    ("connect", HANG_UP, "later"),
]


@asynccontextmanager
async def mailer(server: ScriptedSmtp, **more: Any) -> AsyncIterator[SmtpMailer]:
    steps = more.pop("steps", None)
    sender = more.pop("sender", SENDER.address)
    values = {"host": "127.0.0.1", "port": server.port, "security": "none"} | more
    made = SmtpMailer(SmtpSettings(**values), sender, None, steps)  # type: ignore[arg-type]
    try:
        yield made
    finally:
        await made.close()


@pytest.mark.parametrize(("step", "reply", "meaning"), SAMPLES)
async def test_an_answer_means(step: str, reply: str, meaning: Meaning) -> None:
    with ScriptedSmtp() as server:
        server.says(step, reply)
        async with mailer(server) as box:
            with pytest.raises((TransientError, PermanentError)) as raised:
                await box.send("email-1", "ada@example.org", MESSAGE)
            assert type(raised.value) is MEANINGS[meaning], raised.value
            # Whatever was said, the next mail is sent.
            assert await box.send("email-2", "ada@example.org", MESSAGE) == "2.0.0 kept"
        assert len(server.taken) == (2 if step == "dot" else 1)


@pytest.mark.parametrize(
    "reply", ["250 ok", "251 will forward", "200 queued", "299 ok", "250-a\n250 b"]
)
async def test_any_positive_completion_is_success(reply: str) -> None:
    with ScriptedSmtp() as server:
        server.says("dot", reply)
        async with mailer(server) as box:
            assert await box.send("email-1", "ada@example.org", MESSAGE)


@pytest.mark.parametrize("step", ["data", "dot"])
async def test_a_session_in_which_an_answer_is_none_is_ended(step: str) -> None:
    with ScriptedSmtp() as server:
        server.says(step, "go ahead")
        async with mailer(server) as box:
            with pytest.raises(TransientError) as raised:
                await box.send("email-1", "ada@example.org", MESSAGE)
            async with asyncio.timeout(5):
                while server.sessions:
                    await asyncio.sleep(0.01)
        assert raised.value.code  # held to here, and with it all that the failed attempt held


@pytest.mark.parametrize(
    ("error", "port", "advised"),
    [
        (TimeoutError("nothing came"), 465, True),
        (TimeoutError("nothing came"), 587, False),
        (ConnectionRefusedError("refused"), 465, False),
    ],
)
def test_silence_at_the_tls_port_alone_is_explained(
    error: OSError, port: int, advised: bool
) -> None:
    meaning = without_reply(error, port=port)
    assert (type(meaning), meaning.code) == (TransientError, "smtp")
    assert str(error) in meaning.message
    assert ("email.smtp.security = tls" in meaning.message) is advised


async def test_a_server_that_knows_only_helo_gets_the_mail() -> None:
    with ScriptedSmtp() as server:
        server.says("ehlo", "502 5.5.1 what is EHLO")
        async with mailer(server, sender="briefs@box.example") as box:
            assert await box.send("email-1", "ada@example.org", MESSAGE) == "2.0.0 kept"
        assert server.heard[:2] == ["EHLO box.example", "HELO box.example"]


class LostAfterItsAnswer(aiosmtplib.SMTP):
    """A client whose connection ends while the answer to a command is on its way to the caller."""

    known = False
    """Whether the client has already heard of the end."""

    async def execute_command(self, *args: bytes, timeout: Any = None) -> Any:
        answer = await super().execute_command(*args, timeout=timeout)
        assert self.transport is not None
        self.transport.close()
        while self.known and self.protocol is not None:
            await asyncio.sleep(0)
        return answer


@pytest.mark.parametrize("known", [False, True])
async def test_a_connection_that_ends_with_the_go_ahead_has_taken_nothing(known: bool) -> None:
    with ScriptedSmtp() as server:
        client = LostAfterItsAnswer(hostname="127.0.0.1", port=server.port, start_tls=False)
        client.known = known
        await client.connect()
        with pytest.raises(NotBegun):
            await hand_over(client, MESSAGE, STEPS)
        assert server.taken == []


async def test_a_host_that_does_not_answer_is_not_waited_for_for_ever() -> None:
    """A listener whose queue is full drops what more wants to connect."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        smtp = SmtpSettings(
            host="127.0.0.1", port=full.getsockname()[1], security="none", timeout_seconds=0.3
        )
        with pytest.raises(TransientError, match=r"no connection to .* in 0\.3 s"):
            await SmtpMailer(smtp, SENDER.address, None).send("1", "ada@example.org", MESSAGE)
        for one in waiting:
            one.close()


async def test_a_connection_that_is_refused_leaves_no_socket_open() -> None:
    with ScriptedSmtp() as server:
        port = server.port
    counts: list[int] = []
    refusals: list[TransientError] = []
    for _ in range(3):
        async with mailer(server, port=port) as box:
            with pytest.raises(TransientError) as refused:
                await box.send("email-1", "ada@example.org", MESSAGE)
        refusals.append(refused.value)  # whoever holds the error holds its frames
        counts.append(len(os.listdir("/proc/self/fd")))
    assert counts[1] == counts[2]


def test_an_address_is_never_held_dead_for_a_temporary_refusal() -> None:
    for step, reply, meaning in SAMPLES:
        if meaning == "later" and reply[:3].isdigit() and step != "connect":
            code, said = int(reply[:3]), reply.splitlines()[0][4:]
            assert not isinstance(by_reply(code, said, to_recipient=True), PermanentError), reply


STEPS = StepTimeouts(command=1, data=1, accepted=30)


async def test_a_slow_answer_to_the_final_dot_is_waited_for() -> None:
    """swiftmailer/swiftmailer#828, freescout-help-desk/freescout#5457, mastodon/mastodon#23750,
    bluetiger9/SmtpClient-for-Qt#16: whoever hangs up before it sends twice."""
    with ScriptedSmtp() as server:
        server.slow["dot"] = 2
        async with mailer(server, steps=STEPS, timeout_seconds=1) as box:
            assert await box.send("email-1", "ada@example.org", MESSAGE) == "2.0.0 kept"
        assert len(server.taken) == 1


@pytest.mark.parametrize("step", ["connect", "mail", "rcpt", "data"])
async def test_a_silent_step_before_the_message_is_tried_again(step: str) -> None:
    with ScriptedSmtp() as server:
        server.slow[step] = 60
        async with mailer(server, steps=StepTimeouts(command=0.3, data=0.3, accepted=30)) as box:
            with pytest.raises(TransientError) as raised:
                await box.send("email-1", "ada@example.org", MESSAGE)
            assert not isinstance(raised.value, OutcomeUnknown)
        assert server.taken == []


async def test_silence_after_the_message_leaves_the_outcome_unknown() -> None:
    with ScriptedSmtp() as server:
        server.slow["dot"] = 60
        async with mailer(server, steps=StepTimeouts(command=5, data=5, accepted=0.3)) as box:
            with pytest.raises(OutcomeUnknown):
                await box.send("email-1", "ada@example.org", MESSAGE)


def test_the_limits_are_those_of_rfc_5321() -> None:
    assert StepTimeouts() == StepTimeouts(command=300, data=120, accepted=600)


async def test_a_tls_port_that_answers_in_plain_text_is_said_to_be_one() -> None:
    """nodemailer/nodemailer#1038, #1154, #1461, louislam/uptime-kuma#140,
    gitroomhq/postiz-app#466, urania-dev/snapp#46: `wrong version number`."""
    with ScriptedSmtp() as server:
        async with mailer(server, security="tls") as box:
            with pytest.raises(TransientError) as raised:
                await box.send("email-1", "ada@example.org", MESSAGE)
        assert raised.value.code == "smtp_tls"
        assert f"port {server.port} answers in plain text" in raised.value.message
        assert "email.smtp.security = starttls" in raised.value.message


@pytest.mark.parametrize(
    ("configured", "sender", "name"),
    [
        # deltachat/deltachat-core#223, swissup/module-email#25, Foundry376/Mailspring#1054.
        ("", "briefs@box.example", "box.example"),
        ("", "briefs@faß.de", "xn--fa-hia.de"),
        # BytemarkHosting/docker-smtp#5, haraka/Haraka#1407: a container's name is not one.
        ("box.example.org", "briefs@localhost", "box.example.org"),
        ("[192.0.2.7]", "briefs@box.example", "[192.0.2.7]"),
    ],
)
async def test_the_box_says_a_full_name(configured: str, sender: str, name: str) -> None:
    with ScriptedSmtp() as server:
        async with mailer(server, sender=sender, ehlo_name=configured) as box:
            await box.send("email-1", "ada@example.org", MESSAGE)
        assert server.heard[0] == f"EHLO {name}"


def test_a_machine_without_a_name_says_its_address() -> None:
    """chatmail/core#1847: `[127.0.0.1]` passes every check of postfix, `localhost` does not."""
    assert ehlo_name("", "briefs@localhost") not in ("localhost", "")
    assert "." in ehlo_name("", "briefs@localhost")


async def test_a_refused_name_is_explained() -> None:
    with ScriptedSmtp() as server:
        server.says("rcpt", "504 5.5.2 <localhost>: Helo command rejected: need a full name")
        async with mailer(server) as box:
            with pytest.raises(PermanentError, match=r"email\.smtp\.ehlo_name"):
                await box.send("email-1", "ada@example.org", MESSAGE)


async def test_a_recipient_beyond_ascii_is_sent_where_the_server_takes_it() -> None:
    """PHPMailer/PHPMailer#1440, swiftmailer/swiftmailer#1056."""
    rendered = render(letter(address="jörg@example.org"), SENDER)
    with ScriptedSmtp() as server:
        server.says("ehlo", "250-mail.example\n250 SMTPUTF8")
        async with mailer(server) as box:
            await box.send("email-1", rendered.recipient, rendered.message)
        assert server.heard[1:3] == [
            f"MAIL FROM:<{SENDER.address}> SMTPUTF8",
            "RCPT TO:<jörg@example.org>",
        ]
        assert "To: jörg@example.org\r\n".encode() in server.taken[0]


async def test_a_recipient_beyond_ascii_is_refused_where_the_server_does_not() -> None:
    """chatmail/core#4969, openmediavault/openmediavault#1058, git-multimail#220."""
    rendered = render(letter(address="jörg@example.org"), SENDER)
    with ScriptedSmtp() as server:
        async with mailer(server) as box:
            with pytest.raises(PermanentError) as raised:
                await box.send("email-1", rendered.recipient, rendered.message)
            assert raised.value.code == "smtputf8_not_offered"
            assert await box.send("email-2", "ada@example.org", MESSAGE)
            assert sum(said.startswith("EHLO") for said in server.heard) == 1  # one session


async def test_smtputf8_is_not_asked_for_where_it_is_not_needed() -> None:
    """jstedfast/MimeKit#706: the server after this one may not take it."""
    rendered = render(letter(address="ada@faß.de"), SENDER)
    with ScriptedSmtp() as server:
        server.says("ehlo", "250-mail.example\n250 SMTPUTF8")
        async with mailer(server) as box:
            await box.send("email-1", rendered.recipient, rendered.message)
        assert server.heard[1:3] == [
            f"MAIL FROM:<{SENDER.address}>",
            "RCPT TO:<ada@xn--fa-hia.de>",
        ]
        assert server.taken[0].isascii()
