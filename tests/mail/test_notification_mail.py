"""A notification's mail: sent once, retried, refused, unsubscribed (docs/spec.md#mail-job)."""

from pathlib import Path
from typing import Any

import pytest

from buildos_box.mail.outgoing import QueuedEmail, queue_notification_email
from buildos_box.workspace import store as workspace
from tests.doubles.smtp import DROP, SmtpDouble
from tests.mail.sample_mails import part
from tests.mail.test_sending import box_with, logged, statuses
from tests.world import BoxWorld


async def notify(
    box: BoxWorld, url: str | None = None, *, correlation_id: str = "corr-1"
) -> QueuedEmail:
    def queue(tx: Any) -> QueuedEmail:
        user = workspace.find_user(tx, "ada")
        assert user is not None
        return queue_notification_email(
            tx,
            box.box.services,
            user,
            subject="Task due soon",
            body_markdown="**Pay rent** is due.",
            correlation_id=correlation_id,
            event_type="task.due_soon",
            action_url=url,
        )

    return await box.db.write(queue)


async def test_a_notification_is_mailed_with_a_link_to_what_it_tells_of(tmp_path: Path) -> None:
    with SmtpDouble() as server:
        async with box_with(server, tmp_path) as box:
            await notify(box, "https://box.example/tasks/1")
            await box.work()
            (message,) = server.messages
            assert message["Subject"] == "Task due soon"
            assert "https://box.example/tasks/1" in part(message, "plain")
            assert await statuses(box) == ["sent"]


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://good.example&#64;evil.example/"])
async def test_a_link_that_is_not_safe_is_left_out(tmp_path: Path, url: str) -> None:
    with SmtpDouble() as server:
        async with box_with(server, tmp_path) as box:
            await notify(box, url)
            await box.work()
            said = part(server.messages[0], "plain")
            assert "Pay rent is due.\n\n-- " in said


async def test_a_5xx_fails_it_and_is_not_repeated(tmp_path: Path) -> None:
    with SmtpDouble() as server:
        async with box_with(server, tmp_path) as box:
            server.answers_to_recipients("550 5.1.1 nobody here")
            await notify(box)
            await box.work()
            assert await statuses(box) == ["failed"]
            assert await logged(box) == ["queued", "sending", "failed", "bounced"]
            assert server.messages == []


async def test_without_an_answer_it_is_in_doubt(tmp_path: Path) -> None:
    with SmtpDouble() as server:
        async with box_with(server, tmp_path) as box:
            server.answers(DROP)
            await notify(box)
            await box.work()
            assert await statuses(box) == ["unknown"]


async def test_its_link_unsubscribes_from_notifications_and_not_from_briefs(tmp_path: Path) -> None:
    with SmtpDouble() as server:
        async with box_with(server, tmp_path) as box:
            await notify(box)
            await box.work()
            await notify(box)
            url = str(server.messages[0]["List-Unsubscribe"]).strip("<>")
            page = await box.api.post("/unsubscribe/" + url.rpartition("/")[2])
            assert "no more notifications by mail" in page.text
            await box.work()
            assert sorted(await statuses(box)) == ["sent", "skipped"]
            assert (await notify(box)).skipped == "unsubscribed"
            await box.post("/queue/brief", {"userId": "ada"})
            await box.work()
            assert len(server.messages) == 2
