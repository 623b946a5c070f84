"""What is queued with a mail, why none is, and for how long it is tried (docs/spec.md#mail)."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from buildos_box.clock import from_text, to_text
from buildos_box.db import Tx
from buildos_box.mail.job import GENERATE_BRIEF_EMAIL, BriefEmailPayload, email_key
from buildos_box.mail.notification_job import SEND_NOTIFICATION_EMAIL
from buildos_box.mail.outgoing import (
    QueuedEmail,
    queue_brief_email,
    supersede,
    why_no_mail,
)
from buildos_box.mail.store import TaskLine
from buildos_box.settings import EmailSettings, LimitsSettings, Settings
from buildos_box.workspace import store as workspace
from tests.doubles.smtp import DROP, SmtpDouble
from tests.mail.test_notification_mail import notify
from tests.mail.test_sending import box_with, brief, mails, statuses
from tests.world import BoxWorld, open_world

LATER = "2024-10-23T09:00:00.000Z"
END = "2024-10-24T00:00:00.000Z"


async def queue_brief(box: BoxWorld, **more: Any) -> QueuedEmail:
    given: dict[str, Any] = {
        "brief_id": "brief-1",
        "brief_date": "2024-10-23",
        "subject": "Your Wednesday",
        "preheader": "Two things",
        "markdown": "Hello **you**",
        "task_lines": [TaskLine(0, "task-1")],
        "send_at": from_text(LATER),
        "expires_at": from_text(END),
        "correlation_id": "corr-7",
        "locale": "de-CH",
        **more,
    }

    def queue(tx: Tx) -> QueuedEmail:
        user = workspace.find_user(tx, "ada")
        assert user is not None
        return queue_brief_email(tx, box.box.services, user, **given)

    return await box.db.write(queue)


async def stored(box: BoxWorld, queued: QueuedEmail) -> dict[str, Any]:
    row = await box.db.one("SELECT * FROM emails WHERE id = ?", (queued.email_id,))
    assert row is not None
    return dict(row)


async def test_a_briefs_mail_is_stored_with_all_that_it_is_about(box: BoxWorld) -> None:
    await box.person()
    queued = await queue_brief(box)
    mail = await stored(box, queued)
    said = {
        "user_id": "ada",
        "kind": "brief",
        "brief_id": "brief-1",
        "brief_date": "2024-10-23",
        "subject": "Your Wednesday",
        "preheader": "Two things",
        "body_markdown": "Hello **you**",
        "status": "queued",
        "send_at": LATER,
        "created_at": to_text(box.clock.now()),
        "correlation_id": "corr-7",
        "event_type": "brief.completed",
        "locale": "de-CH",
    }
    assert {name: mail[name] for name in said} == said
    assert mail["message_id"].startswith(f"<{queued.email_id}@")
    row = await box.db.one("SELECT address, tracking_id FROM email_recipients")
    assert row is not None
    assert row["address"] == "ada@example.org"
    assert len(row["tracking_id"]) >= 20


async def test_a_briefs_job_waits_for_the_mails_time_and_ends_with_its_day(box: BoxWorld) -> None:
    await box.person()
    queued = await queue_brief(box)
    (job,) = await box.jobs()
    payload = msgspec.json.decode(job["metadata"], type=BriefEmailPayload)
    assert payload == BriefEmailPayload(
        user_id="ada",
        email_id=queued.email_id or "",
        brief_id="brief-1",
        recipient_email="ada@example.org",
        expires_at=END,
    )
    assert (job["user_id"], job["correlation_id"]) == ("ada", "corr-7")
    assert (job["scheduled_for"], job["expires_at"]) == (LATER, END)
    assert (job["dedup_key"], job["lane"]) == (email_key("brief-1"), "email")
    event = await box.db.one("SELECT actor FROM job_events")
    assert event is not None
    assert event["actor"] == "job:generate_daily_brief"
    await box.run_until(LATER)
    assert [mail["Subject"] for mail in box.outbox] == ["Your Wednesday"]


async def test_a_mail_without_an_end_does_not_expire(box: BoxWorld) -> None:
    await box.person()
    await queue_brief(box, expires_at=None)
    (job,) = await box.jobs()
    assert job["expires_at"] is None
    box.clock.set("2024-10-30T09:00:00Z")
    await box.work()
    assert len(box.outbox) == 1


async def test_a_notifications_mail_is_due_now_and_knows_what_it_tells_of(box: BoxWorld) -> None:
    await box.person()
    queued = await notify(box, correlation_id="corr-8")
    mail = await stored(box, queued)
    assert (mail["kind"], mail["event_type"]) == ("notification", "task.due_soon")
    assert (mail["correlation_id"], mail["brief_id"]) == ("corr-8", None)
    assert mail["send_at"] == to_text(box.clock.now())
    (job,) = await box.jobs()
    assert (job["job_type"], job["user_id"]) == ("send_notification_email", "ada")
    assert (job["correlation_id"], job["expires_at"]) == ("corr-8", None)
    assert job["dedup_key"] == f"notification-email-{queued.email_id}"
    assert (job["lane"], job["ready"]) == ("email", 1)


@pytest.mark.parametrize("job_type", [GENERATE_BRIEF_EMAIL, SEND_NOTIFICATION_EMAIL])
def test_a_mail_is_tried_for_a_day_at_most_a_quarter_of_an_hour_apart(job_type: Any) -> None:
    now = from_text(LATER)
    assert job_type.retry.deadline(now, None, None) == now + timedelta(days=1)
    assert job_type.retry.longest_delay == timedelta(minutes=15)
    assert (job_type.lane, job_type.max_attempts) == ("email", 8)
    assert job_type.timeout == timedelta(minutes=45)


async def forget_address(box: BoxWorld) -> None:
    await box.db.write(lambda tx: tx.execute("UPDATE users SET email = NULL"))


async def unconfirm(box: BoxWorld) -> None:
    await box.db.write(lambda tx: tx.execute("UPDATE users SET email_confirmed = 0"))


async def unsubscribe_from_all(box: BoxWorld) -> None:
    await box.db.write(
        lambda tx: tx.execute("INSERT INTO email_unsubscribes VALUES ('ada', 'all', '2024-10-23')")
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (forget_address, "no address"),
        (unconfirm, "the address is not confirmed"),
        (unsubscribe_from_all, "unsubscribed"),
    ],
)
async def test_no_mail_is_queued_for_whom_none_may_reach(
    box: BoxWorld, change: Any, reason: str
) -> None:
    await box.person()
    await change(box)
    for queued in (await queue_brief(box), await notify(box)):
        assert queued == QueuedEmail(None, reason)
    assert await box.jobs() == []
    assert await box.db.all("SELECT * FROM emails") == []


@pytest.mark.parametrize(("scope", "other"), [("briefs", "notifications")])
async def test_who_wants_no_briefs_by_mail_gets_notifications(
    box: BoxWorld, scope: str, other: str
) -> None:
    await box.person()
    await box.db.write(
        lambda tx: tx.execute(
            "INSERT INTO email_unsubscribes VALUES ('ada', ?, '2024-10-23')", (scope,)
        )
    )
    assert (await queue_brief(box)).skipped == "unsubscribed"
    assert (await notify(box)).skipped is None

    def reasons(tx: Tx) -> list[str | None]:
        user = workspace.find_user(tx, "ada")
        assert user is not None
        return [why_no_mail(tx, user, scope), why_no_mail(tx, user, other)]

    assert await box.db.write(reasons) == ["unsubscribed", None]


@pytest.mark.parametrize(("limit", "queued"), [(2, 2), (0, 4)])
async def test_a_days_mails_are_limited_unless_the_limit_is_zero(
    tmp_path: Path, limit: int, queued: int
) -> None:
    settings = Settings(limits=LimitsSettings(mails_per_day=limit))
    async with open_world(tmp_path, settings=settings) as box:
        await box.person()
        found = [await notify(box) for _ in range(3)] + [await queue_brief(box)]
        assert len([one for one in found if one.email_id]) == queued
        reasons = {one.skipped for one in found if one.email_id is None}
        past = {f"limits.mails_per_day ({limit}) is reached for today"}
        assert reasons == (past if limit else set())


@pytest.mark.parametrize(
    ("of_box", "of_user", "tracked"),
    [(True, True, 1), (True, False, 0), (False, True, 0), (False, False, 0)],
)
async def test_a_mail_is_tracked_only_if_box_and_reader_agree(
    tmp_path: Path, of_box: bool, of_user: bool, tracked: int
) -> None:
    settings = Settings(email=EmailSettings(tracking=of_box))
    async with open_world(tmp_path, settings=settings) as box:
        await box.person()
        await box.db.write(
            lambda tx: tx.execute("UPDATE users SET email_tracking = ?", (int(of_user),))
        )
        assert (await stored(box, await notify(box)))["tracking"] == tracked


async def test_a_newer_version_cancels_the_waiting_mail_of_its_brief_alone(box: BoxWorld) -> None:
    await box.person()
    old = await queue_brief(box)
    other = await queue_brief(box, brief_id="brief-2")
    services = box.box.services
    await box.db.write(lambda tx: supersede(tx, services, "brief-1"))
    assert [(await stored(box, one))["status"] for one in (old, other)] == ["cancelled", "queued"]
    assert (await stored(box, old))["reason"] == "superseded"
    jobs = {job["dedup_key"]: job["status"] for job in await box.jobs()}
    assert jobs == {email_key("brief-1"): "cancelled", email_key("brief-2"): "pending"}


async def test_a_mail_whose_row_is_gone_fails_its_job(box: BoxWorld) -> None:
    await box.person()
    await notify(box)
    await box.db.write(lambda tx: tx.execute("DELETE FROM emails"))
    await box.work()
    (job,) = await box.jobs()
    assert (job["status"], job["error_code"]) == ("failed", "unknown_email")


async def test_the_log_of_a_mail_in_doubt_says_that_it_is_repeated(tmp_path: Path) -> None:
    with SmtpDouble() as server:
        server.answers(DROP, DROP)
        async with box_with(server, tmp_path) as box:
            await brief(box)
            await box.run_until("2024-10-23T08:10:00Z")
            assert await statuses(box) == ["unknown"]
            (mail,) = await mails(box)
            log = (await box.get(f"/users/ada/emails/{mail['id']}"))["log"]
            again = "repeated with the same Message-ID: the last attempt had no known outcome"
            assert [line["detail"] for line in log if line["status"] == "sending"] == [None, again]
            (job,) = await box.jobs(types=["generate_brief_email"])
            assert job["status"] == "failed"
            assert job["error"].startswith("twice: ")
            assert job["error_code"] == "outcome_unknown"


async def readdress(box: BoxWorld, address: str) -> None:
    await box.db.write(lambda tx: tx.execute("UPDATE email_recipients SET address = ?", (address,)))


async def test_a_mail_that_is_not_wanted_is_skipped_also_if_it_could_not_be_sent(
    box: BoxWorld,
) -> None:
    await box.person()
    queued = await queue_brief(box)
    await readdress(box, "ada@example.org\r\nBcc: x@y")
    await unsubscribe_from_all(box)
    await box.run_until(LATER)
    mail = await stored(box, queued)
    assert (mail["status"], mail["reason"], box.outbox) == ("skipped", "unsubscribed", [])
    (job,) = await box.jobs()
    assert job["status"] == "completed"
    result = msgspec.json.decode(job["result"])
    assert result == {"emailId": queued.email_id, "status": "skipped", "messageId": None}


async def test_what_is_not_confirmed_is_only_the_address_that_a_person_has_now(
    box: BoxWorld,
) -> None:
    await box.person()
    queued = await queue_brief(box)
    await readdress(box, "ada@old.example")
    await unconfirm(box)
    await box.run_until(LATER)
    assert (await stored(box, queued))["status"] == "sent"
    assert [mail["To"] for mail in box.outbox] == ["ada@old.example"]


async def test_a_mail_in_doubt_stays_so_until_it_is_sent_or_given_up(tmp_path: Path) -> None:
    with SmtpDouble() as server:
        server.answers(DROP, "451 4.3.0 busy", "451 4.3.0 busy")
        async with box_with(server, tmp_path) as box:
            await brief(box)
            for attempts in (1, 2, 3):
                (job,) = await box.jobs(types=["generate_brief_email"])
                assert (job["status"], job["attempts"]) == ("queued_for_retry", attempts)
                assert await statuses(box) == ["unknown"]
                box.clock.set(job["scheduled_for"])
                await box.work()
            assert await statuses(box) == ["sent"]
