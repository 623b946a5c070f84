"""A mail is sent once, at its time, and its outcome recorded (docs/spec.md#mail)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from buildos_box.db import Tx
from buildos_box.errors import TransientError
from buildos_box.jobs.attempt import Attempt
from buildos_box.mail.changes import EmailChanged
from buildos_box.mail.job import GENERATE_BRIEF_EMAIL, deliver, finish_unsent
from buildos_box.mail.outgoing import supersede
from buildos_box.mail.render import render
from buildos_box.mail.store import SENT
from buildos_box.mail.transport import OutboxMailer
from buildos_box.settings import EmailSettings, Settings, SmtpSettings
from tests.doubles.smtp import DROP, HOST, SmtpDouble
from tests.mail.sample_mails import SENDER, letter
from tests.world import BoxWorld, open_world


@asynccontextmanager
async def box_with(server: SmtpDouble, folder: Path) -> AsyncIterator[BoxWorld]:
    smtp = SmtpSettings(host=HOST, port=server.port, security="none", timeout_seconds=5)
    email = EmailSettings(transport="smtp", from_address="briefs@box.example", smtp=smtp)
    async with open_world(folder, settings=Settings(email=email)) as box:
        await box.person()
        await box.project()
        yield box


async def brief(box: BoxWorld, **more: Any) -> None:
    box.clock.advance(timedelta(seconds=1))
    await box.post("/queue/brief", {"userId": "ada", **more})
    await box.work()


async def mails(box: BoxWorld) -> list[Any]:
    return list(reversed((await box.get("/users/ada/emails"))["items"]))


async def statuses(box: BoxWorld) -> list[str]:
    return [mail["status"] for mail in await mails(box)]


async def logged(box: BoxWorld) -> list[str]:
    (mail,) = await mails(box)
    detail = await box.get(f"/users/ada/emails/{mail['id']}")
    return [line["status"] for line in detail["log"]]


async def mail_job(box: BoxWorld) -> Any:
    jobs = [job for job in await box.jobs() if job["job_type"] == "generate_brief_email"]
    return jobs[-1]


async def test_a_mail_is_sent_and_knows_what_the_server_said(tmp_path: Path) -> None:
    with SmtpDouble() as server:
        async with box_with(server, tmp_path) as box:
            await brief(box)
            (mail,) = await mails(box)
            assert (mail["status"], mail["transport"]) == ("sent", "smtp")
            assert (mail["providerId"], mail["sentAt"]) == (
                "2.0.0 kept",
                "2024-10-23T08:00:01.000Z",
            )
            (message,) = server.messages
            assert message["Message-ID"] == mail["messageId"] == f"<{mail['id']}@box.example>"
            assert message["To"] == "ada@example.org"


async def test_a_mails_job_ends_in_the_commit_that_says_it_was_sent(box: BoxWorld) -> None:
    found: list[Any] = []

    def look(tx: Tx, change: EmailChanged) -> None:
        if change.status == SENT:
            asked = "SELECT status, result FROM queue_jobs WHERE job_type = 'generate_brief_email'"
            tx.before_commit(lambda: found.append(dict(tx.one(asked) or {})))

    box.db.subscribe(EmailChanged, look)
    await box.person()
    await brief(box)
    (mail,) = await mails(box)
    (job,) = found
    assert job["status"] == "completed"
    assert msgspec.json.decode(job["result"]) == {
        "emailId": mail["id"],
        "status": "sent",
        "messageId": f"{mail['id']}.eml",
    }


async def test_after_a_451_the_same_bytes_are_sent_again_later(tmp_path: Path) -> None:
    with SmtpDouble() as server:
        server.answers("451 4.3.0 busy", "451 4.3.0 busy")
        async with box_with(server, tmp_path) as box:
            await brief(box)
            assert (await statuses(box), server.messages) == (["queued"], [])
            assert (await mail_job(box))["status"] == "queued_for_retry"
            await box.run_until("2024-10-23T08:10:00Z")
            assert await statuses(box) == ["sent"]
            assert len(server.messages) == 1
            assert server.messages[0]["Date"] == "Wed, 23 Oct 2024 08:00:01 +0000"
            assert await logged(box) == [
                *("queued", "sending", "queued", "sending", "queued", "sending", "sent")
            ]


async def test_a_550_fails_at_once_and_says_why(tmp_path: Path) -> None:
    with SmtpDouble() as server:
        server.answers("550 5.1.1 nobody here")
        async with box_with(server, tmp_path) as box:
            await brief(box)
            await box.run_until("2024-10-23T09:00:00Z")
            (mail,) = await mails(box)
            assert mail["status"] == "failed"
            assert "550: 5.1.1 nobody here" in mail["reason"]
            job = await mail_job(box)
            assert (job["status"], job["error_code"], job["attempts"]) == ("failed", "smtp_550", 1)
            assert server.sessions == 1


async def test_a_failed_mail_can_be_sent_by_hand(tmp_path: Path) -> None:
    with SmtpDouble() as server:
        server.answers("550 5.7.1 wrong sender")
        async with box_with(server, tmp_path) as box:
            await brief(box)
            job = await mail_job(box)
            await box.post(f"/jobs/{job['queue_job_id']}/retry")
            await box.work()
            assert await statuses(box) == ["sent"]
            assert len(server.messages) == 1


async def test_a_server_that_stays_busy_is_tried_until_the_day_is_over(tmp_path: Path) -> None:
    with SmtpDouble() as server:
        server.answers(*["451 4.3.0 busy"] * 200)
        async with box_with(server, tmp_path) as box:
            await brief(box)
            await box.run_until("2024-10-23T23:00:00Z", step=timedelta(minutes=5))
            assert await statuses(box) == ["queued"]
            assert (await mail_job(box))["retry_until"] == "2024-10-24T00:00:00.000Z"
            await box.run_until("2024-10-23T23:59:00Z")
            await box.run_until("2024-10-24T00:01:00Z", step=timedelta(seconds=5))
            assert await statuses(box) == ["failed"]
            job = await mail_job(box)
            assert (job["status"], job["completed_at"][:16]) == ("failed", "2024-10-23T23:59")


async def test_after_an_unknown_outcome_the_same_mail_goes_out_once_more_and_says_so(
    tmp_path: Path,
) -> None:
    with SmtpDouble() as server:
        server.answers(DROP)
        async with box_with(server, tmp_path) as box:
            await brief(box)
            assert await statuses(box) == ["unknown"]
            await box.run_until("2024-10-23T08:10:00Z")
            assert await statuses(box) == ["sent"]
            assert await logged(box) == ["queued", "sending", "unknown", "sending", "sent"]
            one, two = server.raw
            assert one == two


async def test_two_unknown_outcomes_are_enough(tmp_path: Path) -> None:
    with SmtpDouble() as server:
        server.answers(*[DROP] * 8)
        async with box_with(server, tmp_path) as box:
            await brief(box)
            await box.run_until("2024-10-23T09:00:00Z")
            assert await statuses(box) == ["unknown"]
            assert (await mail_job(box))["error_code"] == "outcome_unknown"
            assert len(server.messages) == 2


async def test_a_refusal_after_an_unknown_outcome_leaves_it_unknown(tmp_path: Path) -> None:
    with SmtpDouble() as server:
        server.answers(DROP, "550 5.7.1 seen that already")
        async with box_with(server, tmp_path) as box:
            await brief(box)
            await box.run_until("2024-10-23T08:10:00Z")
            assert await statuses(box) == ["unknown"]
            assert (await mail_job(box))["status"] == "failed"


async def test_a_crash_after_the_hand_over_sends_the_same_mail_not_another(
    tmp_path: Path,
) -> None:
    with SmtpDouble() as server:
        async with box_with(server, tmp_path) as box:
            await box.post("/queue/brief", {"userId": "ada"})
            await box.step()
            # The process dies between the server's answer and the commit of it.
            await box.db.write(
                lambda tx: tx.execute(
                    """CREATE TRIGGER dies BEFORE UPDATE OF state ON effects
                       WHEN NEW.state = 'done' BEGIN SELECT raise(ABORT, 'died'); END"""
                )
            )
            claimed = await box.claim()
            assert claimed is not None
            await box.box.engine.runner.run(claimed, box.box.services)
            await box.db.write(lambda tx: tx.execute("DROP TRIGGER dies"))
            assert await statuses(box) == ["sending"]
            await box.run_until("2024-10-23T08:10:00Z")
            assert await statuses(box) == ["sent"]
            one, two = server.raw
            assert one == two


async def test_a_mail_that_was_sent_is_never_sent_again(tmp_path: Path) -> None:
    with SmtpDouble() as server:
        async with box_with(server, tmp_path) as box:
            await brief(box)
            await box.db.write(
                lambda tx: tx.execute(
                    """UPDATE queue_jobs SET status = 'pending', ready = 1, completed_at = NULL
                        WHERE job_type = 'generate_brief_email'"""
                )
            )
            await box.work()
            assert len(server.messages) == 1
            assert (await mail_job(box))["status"] == "completed"


async def test_a_mail_that_waits_to_be_tried_again_is_superseded_by_regeneration(
    tmp_path: Path,
) -> None:
    with SmtpDouble() as server:
        server.answers("451 4.3.0 busy")
        async with box_with(server, tmp_path) as box:
            await brief(box)
            await brief(box, forceRegenerate=True)
            await box.run_until("2024-10-23T08:10:00Z")
            assert await statuses(box) == ["cancelled", "sent"]
            assert len(server.messages) == 1


async def test_a_mail_in_doubt_does_not_leave_again_after_regeneration(
    tmp_path: Path,
) -> None:
    """Regeneration racing: the old version must not follow the new one."""
    with SmtpDouble() as server:
        server.answers(DROP)
        async with box_with(server, tmp_path) as box:
            await brief(box)
            await brief(box, forceRegenerate=True)
            await box.run_until("2024-10-23T08:30:00Z")
            old, new = await mails(box)
            assert (old["status"], new["status"]) == ("unknown", "sent")
            ids = [message["Message-ID"] for message in server.messages]
            assert ids == [old["messageId"], new["messageId"]]


async def test_a_failed_mail_that_is_outdated_is_not_sent_by_hand(
    tmp_path: Path,
) -> None:
    """Two versions of one brief: only the newest may still leave."""
    with SmtpDouble() as server:
        server.answers("550 5.7.1 no")
        async with box_with(server, tmp_path) as box:
            await brief(box)
            job = await mail_job(box)
            await brief(box, forceRegenerate=True)
            await box.post(f"/jobs/{job['queue_job_id']}/retry")
            await box.work()
            assert await statuses(box) == ["cancelled", "sent"]
            assert len(server.messages) == 1


async def test_a_mail_that_is_being_handed_over_is_stopped_by_a_newer_one(
    tmp_path: Path,
) -> None:
    with SmtpDouble() as server:
        async with box_with(server, tmp_path) as box:
            await box.post("/queue/brief", {"userId": "ada"})
            await box.step()
            claimed = await box.claim()
            assert claimed is not None
            (mail,) = await mails(box)
            await box.db.write(lambda tx: tx.execute("UPDATE emails SET status = 'sending'"))
            services = box.box.services
            await box.db.write(lambda tx: supersede(tx, services, mail["briefId"]))
            await box.box.engine.runner.run(claimed, services)
            assert await statuses(box) == ["unknown"]
            assert server.messages == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"preferences": [{"userId": "ada", "emailDailyBrief": False}]}, "unsubscribed"),
        (None, "unsubscribed"),
    ],
)
async def test_a_wish_for_no_mail_is_a_skip_and_not_a_failure(
    box: BoxWorld, change: Any, reason: str
) -> None:
    """Preference skips recorded as failures; here the wish comes after the mail was queued."""
    await box.person(at="09:00")
    await box.run_until("2024-10-23T08:59:00Z")
    if change is not None:
        await box.sync(**change)
    else:
        await box.db.write(
            lambda tx: tx.execute(
                "INSERT INTO email_unsubscribes VALUES ('ada', 'briefs', '2024-10-23T08:59:00Z')"
            )
        )
    await box.run_until("2024-10-23T09:05:00Z")
    (mail,) = await mails(box)
    assert mail["status"] == "skipped"
    assert reason in mail["reason"]
    assert ((await mail_job(box))["status"], box.outbox) == ("completed", [])


async def test_who_unsubscribes_at_the_last_moment_is_heard(tmp_path: Path) -> None:
    """In the transaction of the intent, which nothing stands between and the mail's way."""
    with SmtpDouble() as server:
        async with box_with(server, tmp_path) as box:
            box.clock.advance(timedelta(seconds=1))
            await box.post("/queue/brief", {"userId": "ada"})
            await box.step()
            claimed = await box.claim()
            assert claimed is not None
            payload = msgspec.json.decode(claimed.metadata, type=GENERATE_BRIEF_EMAIL.payload)
            job: Attempt[Any] = Attempt(claimed, payload, box.db, box.clock, {})

            def unsubscribes(tx: Any, job: Any, services: Any, email: Any) -> str | None:
                return finish_unsent(tx, services, email, "skipped", "unsubscribed")

            result = await deliver(job, box.box.services, payload.email_id, unsubscribes)
            assert (result.status, server.messages) == ("skipped", [])
            assert await statuses(box) == ["skipped"]


async def test_an_address_that_no_mail_can_reach_fails_for_good(box: BoxWorld) -> None:
    await box.person()
    await box.post("/queue/brief", {"userId": "ada"})
    await box.step()
    await box.db.write(
        lambda tx: tx.execute(
            "UPDATE email_recipients SET address = 'ada@example.org' || char(13, 10) || 'Bcc: x@y'"
        )
    )
    await box.work()
    assert await statuses(box) == ["failed"]
    job = await mail_job(box)
    assert (job["status"], job["error_code"], box.outbox) == ("failed", "bad_address", [])
    (mail,) = await mails(box)
    detail = await box.get(f"/users/ada/emails/{mail['id']}")
    assert detail["text"].startswith("Wednesday, October 23")


async def test_a_mail_is_not_sent_late_when_its_day_is_over(box: BoxWorld) -> None:
    """Stale messages sent after an outage."""
    await box.person(at="09:00")
    await box.run_until("2024-10-23T08:59:00Z")
    box.clock.set("2024-10-24T00:00:01Z")
    await box.work()
    assert box.outbox == []
    assert (await mail_job(box))["cancel_reason"] == "expired"
    (mail,) = await mails(box)
    assert (mail["status"], mail["reason"]) == ("cancelled", "expired")


async def test_a_mail_whose_worker_dies_every_time_is_in_doubt(tmp_path: Path) -> None:
    with SmtpDouble() as server:
        async with box_with(server, tmp_path) as box:
            await box.post("/queue/brief", {"userId": "ada"})
            await box.step()
            await box.db.write(lambda tx: tx.execute("UPDATE emails SET status = 'sending'"))
            for _ in range(20):
                await box.claim()
                await box.recover()
                box.clock.advance(timedelta(minutes=20))
            assert (await mail_job(box))["error_code"] == "worker_lost"
            assert await statuses(box) == ["unknown"]


async def test_the_outbox_holds_one_whole_file_a_mail_however_often_it_is_written(
    tmp_path: Path,
) -> None:
    outbox = OutboxMailer(tmp_path / "outbox")
    message = render(letter(), SENDER).message
    names = [await outbox.send("email-1", "ada@example.org", message) for _ in range(3)]
    await asyncio.gather(*(outbox.send("email-2", "a@b.example", message) for _ in range(4)))
    assert set(names) == {"email-1.eml"}
    files = sorted(file.name for file in (tmp_path / "outbox").iterdir())
    assert files == ["email-1.eml", "email-2.eml"]
    assert (tmp_path / "outbox" / "email-1.eml").read_bytes() == message


async def test_an_outbox_that_cannot_be_written_may_be_tried_again(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file where the folder should be")
    with pytest.raises(TransientError) as refused:
        await OutboxMailer(tmp_path / "outbox").send("email-1", "a@b.example", b"x")
    assert refused.value.code == "outbox"


async def test_a_mail_leaves_at_its_users_time_and_not_before(tmp_path: Path) -> None:
    with SmtpDouble() as server:
        async with box_with(server, tmp_path) as box:
            await box.person(zone="Asia/Kathmandu", at="14:15")
            await box.run_until("2024-10-23T08:29:00Z")
            assert (await statuses(box), server.messages) == (["queued"], [])
            await box.run_until("2024-10-23T08:30:00Z", step=timedelta(seconds=30))
            assert server.messages[0]["Date"] == "Wed, 23 Oct 2024 08:30:00 +0000"
