"""Each dialect of webhook mail is accepted by a receiver of its own (docs/spec.md#mail-webhook).

The receivers are programs of their own, in Node and Python, written from what the BuildOS
frontend's receivers check. They compare with the machine's clock, so the sender has it too.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from buildos_box.clock import SystemClock
from buildos_box.errors import PermanentError, TransientError
from buildos_box.mail.render import render
from buildos_box.mail.webhook import WebhookMailer
from buildos_box.mail.webhook_dialects import cause_of
from buildos_box.services import MailContext
from buildos_box.settings import EmailSettings, Secret, Settings
from buildos_box.settings.check import contradictions
from buildos_box.settings.model import EmailWebhookSettings
from tests.clock import ManualClock
from tests.mail.letters import SENDER, letter
from tests.world import open_world

RECEIVERS = Path(__file__).parent / "receivers"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BRIEF = letter(brief_date="2024-10-23").context
NOTICE = MailContext(
    user_id="ada",
    event_type="task.due_soon",
    tracking_id="t",
    event_id="notification-1",
    delivery_id="delivery-1",
)


@contextmanager
def receiver(name: str, secret: str = SECRET) -> Iterator[str]:
    """The address of a receiver that runs with that secret."""
    program = "node" if name.endswith(".mjs") else sys.executable
    known = {"PRIVATE_BUILDOS_WEBHOOK_SECRET": secret, "WEBHOOK_SECRET": secret}
    with subprocess.Popen(
        [program, str(RECEIVERS / name)],
        env={**os.environ, **known},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}/mail"
        finally:
            process.kill()


async def no_pause(_seconds: float) -> None:
    pass


def mailer(url: str, dialect: Any, clock: Any = None, secret: str = SECRET) -> WebhookMailer:
    settings = EmailWebhookSettings(url=url, secret=Secret(secret), dialect=dialect, tries=1)
    return WebhookMailer(settings, clock or SystemClock(), None, no_pause)


async def send(to: WebhookMailer, about: MailContext) -> str:
    rendered = render(letter("# Hi"), SENDER)
    return await to.send("email-1", rendered.recipient, rendered.message, about)


async def test_the_frontends_receiver_of_briefs_takes_a_brief() -> None:
    with receiver("daily-brief.mjs") as url:
        assert await send(mailer(url, "buildos-daily-brief"), BRIEF) == "node-1"


@pytest.mark.parametrize("about", [BRIEF, NOTICE], ids=["brief", "notification"])
async def test_the_frontends_receiver_of_notifications_takes_both(about: MailContext) -> None:
    with receiver("notification.mjs") as url:
        assert await send(mailer(url, "buildos-notification"), about) == "node-2"


@pytest.mark.parametrize("secret", [SECRET, "a plain secret"], ids=["whsec", "plain"])
async def test_a_standard_webhooks_receiver_takes_any_mail(secret: str) -> None:
    with receiver("standard.py", secret) as url:
        assert "@" in await send(mailer(url, "standard", secret=secret), NOTICE)


async def test_a_request_that_is_too_old_is_refused() -> None:
    with receiver("daily-brief.mjs") as url, pytest.raises(TransientError, match="500"):
        await send(mailer(url, "buildos-daily-brief", ManualClock()), BRIEF)
    with receiver("standard.py") as url, pytest.raises(PermanentError, match="401"):
        await send(mailer(url, "standard", ManualClock()), BRIEF)


@pytest.mark.parametrize(
    ("name", "dialect"),
    [("daily-brief.mjs", "buildos-daily-brief"), ("notification.mjs", "buildos-notification")],
)
async def test_a_wrong_secret_arrives_as_500_and_its_likely_cause_is_named(
    name: str, dialect: str
) -> None:
    with receiver(name, "another") as url, pytest.raises(TransientError) as refused:
        await send(mailer(url, dialect), BRIEF)
    assert refused.value.code == "webhook_500"
    assert "PRIVATE_BUILDOS_WEBHOOK_SECRET" in refused.value.message


async def test_a_wrong_secret_is_named_in_the_standard_dialect_too() -> None:
    named = pytest.raises(PermanentError, match=r"401.*email\.webhook\.secret")
    with receiver("standard.py", "another") as url, named:
        await send(mailer(url, "standard"), BRIEF)
    assert cause_of("standard", 500) == ""


async def test_a_mail_that_is_no_brief_names_the_dialect_that_cannot_carry_it() -> None:
    with pytest.raises(PermanentError, match="buildos-daily-brief has no form"):
        await send(mailer("http://127.0.0.1:1/mail", "buildos-daily-brief"), NOTICE)


async def test_the_whole_server_posts_what_both_receivers_take(tmp_path: Path) -> None:
    """Briefs and notifications carry ids, days and event types from their rows."""
    for name, dialect in (
        ("daily-brief.mjs", "buildos-daily-brief"),
        ("notification.mjs", "buildos-notification"),
    ):
        with receiver(name) as url:
            webhook: Any = {"url": url, "secret": Secret(SECRET), "dialect": dialect, "tries": 1}
            email = EmailSettings(transport="webhook", webhook=EmailWebhookSettings(**webhook))
            clock = ManualClock(SystemClock().now().isoformat())
            async with open_world(
                tmp_path / name, clock=clock, settings=Settings(email=email)
            ) as box:
                await box.person()
                await box.post("/queue/brief", {"userId": "ada"})
                if name == "notification.mjs":
                    task = {"taskId": "t", "taskName": "Pay rent"}
                    notice = {"userId": "ada", "eventType": "task.assigned", "channel": "email"}
                    await box.post("/queue/notification", {**notice, "payload": task})
                await box.work()
                mails = (await box.get("/users/ada/emails"))["items"]
                assert {mail["status"] for mail in mails} == {"sent"}, mails
                assert len(mails) == (1 if name == "daily-brief.mjs" else 2)


def test_webhook_mail_without_a_usable_secret_is_a_fault() -> None:
    def faults(secret: str | None) -> list[tuple[str, str]]:
        webhook = EmailWebhookSettings(
            url="https://app.example/hook", secret=Secret(secret) if secret is not None else None
        )
        email = EmailSettings(transport="webhook", webhook=webhook)
        return [found[:2] for found in contradictions(Settings(email=email), set())]

    needed = (
        "email.webhook.secret",
        "is needed when email.transport is webhook: mail would go out unsigned",
    )
    assert faults(None) == faults("") == [needed]
    assert faults("whsec_not base64!") == [("email.webhook.secret", "must be base64 after whsec_")]
    assert faults(SECRET) == []
