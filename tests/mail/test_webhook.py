"""The webhook transport against a real web server (docs/spec.md#mail-webhook)."""

import asyncio
import hashlib
import hmac
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from buildos_box.errors import PermanentError, TransientError, Unprocessable
from buildos_box.mail.render import render
from buildos_box.mail.transport import make_mailer
from buildos_box.mail.transport_errors import OutcomeUnknown
from buildos_box.mail.webhook import WebhookMailer
from buildos_box.settings import EmailSettings, Secret, Settings
from buildos_box.settings.channels import EmailWebhookSettings
from tests.clock import ManualClock
from tests.mail.mail_webhook_server import Hook
from tests.mail.sample_mails import SENDER, letter
from tests.world import open_world

SECRET = "a shared secret"


async def send(hook: Hook, pauses: list[float] | None = None, **changed: Any) -> str:
    values: dict[str, Any] = {"url": hook.url, "secret": Secret(SECRET), "timeout_seconds": 5}
    waited = pauses if pauses is not None else []

    async def pause(seconds: float) -> None:
        waited.append(seconds)

    mailer = WebhookMailer(EmailWebhookSettings(**(values | changed)), ManualClock(), None, pause)
    rendered = render(letter("# Hi\n\n[a](https://a.example/)"), SENDER)
    return await mailer.send("email-1", rendered.recipient, rendered.message)


def hex_hmac(text: bytes) -> str:
    return hmac.new(SECRET.encode(), text, hashlib.sha256).hexdigest()


async def test_the_receiver_gets_the_mail_as_json_and_can_check_who_sent_it() -> None:
    with Hook() as hook:
        assert await send(hook) == "<email-1@box.example>"
    (posted,) = hook.posted
    mail = json.loads(posted.body)
    assert mail["emailId"] == posted.headers["idempotency-key"] == "email-1"
    assert (mail["to"], mail["from"]) == ("ada@example.org", "BuildOS <briefs@box.example>")
    assert (mail["subject"], mail["messageId"]) == ("Your brief", "<email-1@box.example>")
    assert '<a href="https://a.example/">a</a>' in mail["html"]
    assert mail["text"].startswith("Hi\n==")
    assert mail["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    at, signature = posted.headers["x-buildos-signature"].split(",")
    assert at == "t=1729670400"
    assert signature == "v1=" + hex_hmac(b"1729670400." + posted.body)
    assert posted.headers["x-webhook-signature"] == hex_hmac(posted.body)


@pytest.mark.parametrize(
    "answer",
    [(200, "OK"), (200, ""), (202, "<html>"), (204, ""), (200, "[]"), (200, "[" * 5_000)],
)
async def test_a_success_without_json_is_a_success(answer: tuple[int, str]) -> None:
    """A non-JSON 200 taken as failure: sent twice."""
    with Hook(answer) as hook:
        assert await send(hook) == "<email-1@box.example>"
        assert len(hook.posted) == 1


async def test_a_receiver_that_never_answers_is_not_waited_for_for_ever() -> None:
    """Webhook mail with no timeout."""
    with Hook("hang") as hook, pytest.raises(OutcomeUnknown):
        async with asyncio.timeout(4):  # sooner than httpx gives up by itself, after 5 s
            await send(hook, tries=1, timeout_seconds=0.2)
    assert EmailWebhookSettings().timeout_seconds == 30


async def test_a_receiver_that_is_not_there_has_no_mail() -> None:
    pauses: list[float] = []
    with Hook() as hook:
        url = hook.url
    with pytest.raises(TransientError, match="cannot be reached") as refused:
        await send(hook, pauses, url=url, tries=2)
    assert not isinstance(refused.value, OutcomeUnknown)
    assert (refused.value.code, pauses) == ("webhook", [1.0])


async def test_the_receivers_own_id_is_kept() -> None:
    with Hook((200, '{"messageId": "theirs-7"}')) as hook:
        assert await send(hook) == "theirs-7"


@pytest.mark.parametrize("trouble", [500, 503, 429, 408, "silence"])
async def test_trouble_is_tried_again_with_the_same_key_and_body(trouble: int | str) -> None:
    pauses: list[float] = []
    with Hook(trouble, trouble, 200) as hook:
        await send(hook, pauses)
    assert len(hook.posted) == 3
    assert len({posted.body for posted in hook.posted}) == 1
    assert {posted.headers["idempotency-key"] for posted in hook.posted} == {"email-1"}
    assert pauses == [1.0, 2.0]


async def test_after_its_tries_the_job_may_try_later() -> None:
    with Hook(503) as hook:
        with pytest.raises(TransientError) as refused:
            await send(hook)
        assert refused.value.code == "webhook_503"
        assert not isinstance(refused.value, OutcomeUnknown)
        assert len(hook.posted) == 3


async def test_a_refusal_after_silence_leaves_the_outcome_unknown() -> None:
    with Hook("silence", 503) as hook, pytest.raises(OutcomeUnknown):
        await send(hook)


@pytest.mark.parametrize("status", [301, 307, 400, 401, 404, 410, 422])
async def test_a_refusal_is_final_and_a_redirect_is_not_followed(status: int) -> None:
    with Hook(status) as hook:
        with pytest.raises(PermanentError) as refused:
            await send(hook)
        assert refused.value.code == f"webhook_{status}"
        assert len(hook.posted) == 1


def test_a_webhook_without_an_address_stops_the_start() -> None:
    with pytest.raises(Unprocessable, match=r"email\.webhook\.url"):
        make_mailer(Settings(email=EmailSettings(transport="webhook")), ManualClock())


async def test_a_brief_goes_out_over_the_webhook(tmp_path: Path) -> None:
    with Hook() as hook:
        webhook = EmailWebhookSettings(url=hook.url, secret=Secret(SECRET))
        settings = Settings(email=EmailSettings(transport="webhook", webhook=webhook))
        async with open_world(tmp_path, settings=settings) as box:
            await box.person()
            await box.post("/queue/brief", {"userId": "ada"})
            await box.work()
            (mail,) = (await box.get("/users/ada/emails"))["items"]
            assert (mail["status"], mail["transport"]) == ("sent", "webhook")
        assert json.loads(hook.posted[0].body)["emailId"] == mail["id"]


async def test_a_mail_that_was_taken_is_taken_though_the_answer_cannot_be_read() -> None:
    with Hook((200, "no gzip"), headers={"Content-Encoding": "gzip"}) as hook:
        assert "@" in await send(hook)  # our own Message-ID
        assert len(hook.posted) == 1


async def test_a_final_refusal_after_silence_leaves_the_outcome_unknown() -> None:
    with Hook("silence", 409) as hook, pytest.raises(OutcomeUnknown):
        await send(hook)


async def test_a_receiver_that_asks_for_a_long_wait_gets_it() -> None:
    pauses: list[float] = []
    with Hook(429, headers={"Retry-After": "600"}) as hook:
        with pytest.raises(TransientError) as busy:
            await send(hook, pauses)
        assert busy.value.retry_after == timedelta(minutes=10)
        assert (len(hook.posted), pauses) == (1, [])
