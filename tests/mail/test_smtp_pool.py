"""Connections to the mail server are kept, bounded, looked at, and given up (issue: once each)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from buildos_box.errors import PermanentError, TransientError
from buildos_box.mail.render import render
from buildos_box.mail.smtp import SmtpMailer
from buildos_box.mail.smtp_pool import MOST_MAILS
from buildos_box.mail.transport import tls_context
from buildos_box.mail.transport_errors import AddressBounced, OutcomeUnknown
from buildos_box.settings import SmtpSettings
from buildos_box.settings.section import Secret
from tests.doubles.smtp import DROP, HOST, SmtpDouble, make_certificate
from tests.mail.sample_mails import SENDER, letter

MESSAGE = render(letter(), SENDER).message
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH")


@asynccontextmanager
async def mailer(
    server: SmtpDouble, *, ca_file: Path | None = None, **smtp: Any
) -> AsyncIterator[SmtpMailer]:
    values = {"host": HOST, "port": server.port, "security": "none", "timeout_seconds": 5} | smtp
    tls = tls_context(str(ca_file)) if ca_file else None
    made = SmtpMailer(SmtpSettings(**values), SENDER.address, tls)  # type: ignore[arg-type]
    try:
        yield made
    finally:
        await made.close()


async def send(to: SmtpMailer, count: int = 1) -> list[str | BaseException]:
    letters = (to.send(f"email-{n}", f"u{n}@example.org", MESSAGE) for n in range(count))
    return await asyncio.gather(*letters, return_exceptions=True)


async def until(true: Any) -> None:
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0.01)


async def test_one_after_the_other_goes_over_one_connection() -> None:
    with SmtpDouble() as server:
        async with mailer(server) as box:
            for _ in range(5):
                await send(box)
        assert (len(server.messages), server.sessions) == (5, 1)


async def test_one_login_and_one_handshake_serve_many_mails(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    with SmtpDouble(account=("box", "pw"), certificate=certificate) as server:
        async with mailer(
            server,
            ca_file=certificate.authority,
            security="starttls",
            username="box",
            password=Secret("pw"),
        ) as box:
            for _ in range(3):
                await send(box)
        assert server.over_tls == [True] * 3
        assert len(server.logins) == 1


async def test_many_at_once_open_no_more_than_is_allowed() -> None:
    with SmtpDouble() as server:
        async with mailer(server, connections=3) as box:
            await send(box, 20)
        assert (len(server.messages), server.connections) == (20, 3)


async def test_a_connection_that_the_server_dropped_is_made_anew_and_the_mail_goes_once() -> None:
    with SmtpDouble() as server:
        async with mailer(server) as box:
            await send(box)
            server.hang_up()
            assert await send(box) == ["2.0.0 kept"]
        assert (len(server.messages), server.connections) == (2, 2)


async def test_a_kept_connection_that_answers_421_is_made_anew() -> None:
    with SmtpDouble() as server:
        async with mailer(server) as box:
            await send(box)
            server.answers_to_recipients("421 4.3.2 closing for the night")
            assert await send(box) == ["2.0.0 kept"]
        assert (len(server.messages), server.connections) == (2, 2)


async def test_a_new_connection_that_answers_421_is_not_tried_a_third_time() -> None:
    with SmtpDouble() as server:
        async with mailer(server) as box:
            await send(box)
            server.answers_to_recipients("421 4.3.2 no", "421 4.3.2 no")
            (refused,) = await send(box)
            assert isinstance(refused, TransientError)
            assert refused.code == "smtp_421"
        assert (len(server.messages), server.connections) == (1, 2)


async def test_after_the_message_nothing_is_sent_again_on_another_connection() -> None:
    with SmtpDouble() as server:
        async with mailer(server) as box:
            await send(box)
            server.answers(DROP)
            (lost,) = await send(box)
            assert isinstance(lost, OutcomeUnknown)
            assert len(server.messages) == 2
            assert await send(box) == ["2.0.0 kept"]
        assert server.connections == 2


async def test_a_refused_mail_leaves_the_connection_fit_for_the_next() -> None:
    with SmtpDouble() as server:
        async with mailer(server) as box:
            server.answers_to_recipients("550 5.1.1 nobody", "250 OK", "451 4.2.1 later")
            server.answers("552 5.3.4 too big")
            refused = [(await send(box))[0] for _ in range(3)]
            assert [type(e) for e in refused] == [AddressBounced, PermanentError, TransientError]
            assert await send(box) == ["2.0.0 kept"]
        assert (server.recipients, server.connections) == (["u0@example.org"], 1)


async def test_an_unused_connection_is_given_up_with_a_goodbye() -> None:
    with SmtpDouble() as server:
        async with mailer(server, idle_seconds=0.1) as box:
            await send(box)
            await until(lambda: server.open_connections == 0)
            assert server.goodbyes == 1
            assert await send(box) == ["2.0.0 kept"]


async def test_a_connection_retires_after_many_mails() -> None:
    with SmtpDouble() as server:
        async with mailer(server, connections=1) as box:
            await send(box, MOST_MAILS + 1)
        assert (len(server.messages), server.connections) == (MOST_MAILS + 1, 2)


async def test_a_send_that_is_stopped_takes_its_connection_with_it() -> None:
    with SmtpDouble() as server:
        async with mailer(server, connections=1) as box:
            await send(box)
            server.be_slow(0.5)
            task = asyncio.create_task(send(box))
            await asyncio.sleep(0.1)
            task.cancel()
            await asyncio.wait([task])
            server.be_slow(0)
            assert await send(box) == ["2.0.0 kept"]
        assert server.connections == 2


async def test_closing_says_goodbye_on_what_was_kept() -> None:
    with SmtpDouble() as server:
        async with mailer(server) as box:
            await send(box, 3)
        await until(lambda: server.open_connections == 0)
        assert server.goodbyes == server.connections
