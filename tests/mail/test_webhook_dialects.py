"""Each dialect of webhook mail is accepted by a receiver of its own (docs/spec.md#mail-webhook).

The receivers are programs of their own, in Node and Python, written from what the BuildOS
frontend's receivers check. They compare with the machine's clock, so the sender has it too.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from buildos_box.clock import SystemClock
from buildos_box.errors import PermanentError, TransientError, Unprocessable
from buildos_box.mail.render import render
from buildos_box.mail.webhook import WebhookMailer
from buildos_box.mail.webhook_dialects import Receiver, cause_of
from buildos_box.services import MailContext
from buildos_box.settings import EmailSettings, Secret, Settings
from buildos_box.settings.channels import EmailWebhookSettings
from buildos_box.settings.channels import NotificationWebhookSettings as Other
from buildos_box.settings.check import contradictions
from tests.clock import ManualClock
from tests.mail.mail_webhook_server import Hook
from tests.mail.sample_mails import SENDER, letter
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


def configured(
    url: str,
    dialect: Any,
    secret: str = SECRET,
    *,
    other: Other | None = None,
) -> EmailWebhookSettings:
    """Settings for one try; `other` is where mails that are no briefs go."""
    if other is None and dialect == "buildos-daily-brief":
        other = Other(url="http://127.0.0.1:1/notification")
    return EmailWebhookSettings(
        url=url,
        secret=Secret(secret),
        dialect=dialect,
        tries=1,
        notification=other or Other(),
    )


def mailer(url: str, dialect: Any, clock: Any = None, secret: str = SECRET) -> WebhookMailer:
    settings = configured(url, dialect, secret)
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
    assert (
        cause_of(Receiver("http://a.example", "s", "email.webhook.secret", "standard"), 500) == ""
    )


async def test_a_notification_goes_to_its_own_receiver_with_its_own_secret() -> None:
    with receiver("daily-brief.mjs") as briefs, receiver("notification.mjs", "another") as notices:
        other = Other(url=notices, secret=Secret("another"))
        settings = configured(briefs, "buildos-daily-brief", other=other)
        both = WebhookMailer(settings, SystemClock(), None, no_pause)
        assert await send(both, BRIEF) == "node-1"
        assert await send(both, NOTICE) == "node-2"


@pytest.mark.parametrize(
    ("name", "own", "dialect", "key"),
    [
        ("notification.mjs", "wrong", "buildos-notification", "email.webhook.notification.secret"),
        ("notification.mjs", None, "buildos-notification", "email.webhook.secret"),
        ("standard.py", "wrong", "standard", "email.webhook.notification.secret"),
    ],
)
async def test_an_error_names_the_secret_of_the_receiver_that_refused(
    name: str, own: str | None, dialect: Any, key: str
) -> None:
    with receiver(name, "another") as url:
        other = Other(url=url, secret=Secret(own) if own else None, dialect=dialect)
        both = WebhookMailer(configured(url, "buildos-daily-brief", other=other), SystemClock())
        with pytest.raises((TransientError, PermanentError), match=f"check (that )?{key}"):
            await send(both, NOTICE)


def everything(briefs: str, notices: str, dialect: str) -> Settings:
    """Mail over two receivers, or over one that takes all."""
    other = Other(url=notices)
    webhook = configured(briefs, dialect, other=other)
    return Settings(email=EmailSettings(transport="webhook", webhook=webhook))


@pytest.mark.parametrize("dialect", ["buildos-daily-brief", "buildos-notification"])
async def test_the_whole_server_posts_every_kind_of_mail_to_who_takes_it(
    tmp_path: Path, dialect: str
) -> None:
    """Briefs, notifications, codes and test mails carry what their receiver needs."""
    name = "daily-brief.mjs" if dialect == "buildos-daily-brief" else "notification.mjs"
    clock = ManualClock(SystemClock().now().isoformat())
    with receiver(name) as briefs, receiver("notification.mjs") as notices:
        other = notices if dialect == "buildos-daily-brief" else ""
        settings = everything(briefs, other, dialect)
        async with open_world(tmp_path, clock=clock, settings=settings) as box:
            await box.person()
            await box.post("/queue/brief", {"userId": "ada"})
            task = {"taskId": "t", "taskName": "Pay rent"}
            notice = {"userId": "ada", "eventType": "task.assigned", "channel": "email"}
            await box.post("/queue/notification", {**notice, "payload": task})
            await box.work()
            await box.post("/queue/test-email", {"to": "somebody@example.org"})
            own = await box.token_for("user:ada")
            changed = await box.call("PATCH", "/users/ada", {"email": "new@example.org"}, token=own)
            assert changed.json()["emailConfirmed"] is False
            await box.work()
            mails = (await box.get("/users/ada/emails"))["items"]
            assert [mail["status"] for mail in mails] == ["sent", "sent"], mails
            for kind in ("send_test_email", "send_email_code"):
                (job,) = (await box.get(f"/jobs?type={kind}"))["jobs"]
                assert (job["status"], job["error"]) == ("completed", None)


@pytest.mark.parametrize(
    ("people", "to", "named"),
    [
        ([("ada", False), ("root", True)], "ADA@example.org", "ada"),
        ([("ada", False), ("root", True)], "ops@example.org", "root"),
        ([("ada", False), ("bob", False)], "ops@example.org", "ada"),
        ([], "ops@example.org", None),
    ],
    ids=["whose address it is", "an admin", "the first", "nobody"],
)
async def test_a_test_mail_names_a_user(
    tmp_path: Path, people: list[tuple[str, bool]], to: str, named: str | None
) -> None:
    with Hook() as hook:
        settings = everything(hook.url, "", "buildos-notification")
        async with open_world(tmp_path, settings=settings) as box:
            await box.sync(
                users=[
                    {"id": who, "email": f"{who}@example.org", "isAdmin": admin}
                    for who, admin in people
                ]
            )
            await box.post("/queue/test-email", {"to": to})
            await box.work()
        mail = json.loads(hook.posted[-1].body)
    assert mail["recipientUserId"] == mail["userId"] == named
    assert (mail["eventType"], mail["recipientEmail"]) == ("email.test", to)
    assert mail["deliveryId"] == mail["eventId"] == mail["emailId"]
    assert mail["htmlContent"] == f"<p>{mail['textContent'].strip()}</p>"


def test_the_dialect_of_briefs_needs_a_receiver_of_other_mails() -> None:
    def faults(url: str, dialect: Any, **notification: Any) -> list[tuple[str, str]]:
        other = Other(url=url, **notification)
        webhook = configured("https://app.example/briefs", dialect, other=other)
        email = EmailSettings(transport="webhook", webhook=webhook)
        return [found[:2] for found in contradictions(Settings(email=email), set())]

    url = "email.webhook.notification.url"
    needed = (
        "is needed when email.webhook.dialect is buildos-daily-brief, which has no form for "
        "notifications and codes"
    )
    assert faults("", "buildos-daily-brief") == [(url, needed)]
    assert faults("ftp://x", "standard") == [(url, "'ftp://x' must be an http(s) address")]
    assert faults("https://app.example/notices", "buildos-daily-brief") == []
    assert faults("", "standard") == faults("", "buildos-notification") == []
    assert faults("", "standard", secret=Secret("whsec_not base64!")) == [
        ("email.webhook.notification.secret", "must be base64 after whsec_")
    ]
    with pytest.raises(Unprocessable, match=r"email\.webhook\.notification\.url"):
        WebhookMailer(
            configured("http://a.example", "buildos-daily-brief", other=Other()),
            SystemClock(),
        )


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
