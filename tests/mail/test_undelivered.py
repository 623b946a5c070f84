"""Mail outlasts the troubles of a relay, and what is given up reaches its reader another way.

The rules: docs/spec.md#mail-retries.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from buildos_box.clock import Instant, from_text
from buildos_box.settings import EmailSettings, Settings, SmtpSettings
from tests.doubles.smtp import HOST, SmtpDouble
from tests.doubles.smtp_script import HANG_UP, ScriptedSmtp
from tests.mail.test_notification_mail import notify
from tests.mail.test_sending import box_with, brief, mail_job, statuses
from tests.world import BoxWorld, open_world

STEP = timedelta(minutes=1)
END = "2024-10-23T13:00:00Z"


class Relay(ScriptedSmtp):
    """A relay that is in trouble until an instant; which trouble, its kind says."""

    def __init__(self, kind: str, lasts: timedelta) -> None:
        super().__init__()
        self.kind = kind
        self.lasts = lasts
        self.well_from: Instant | None = None
        self.now = from_text("2024-10-23T08:00:00Z")
        self.refused = 0

    def reply(self, step: str) -> str:
        step_of_trouble = {"greylists": "rcpt", "busy": "dot", "dead": "connect"}[self.kind]
        if step != step_of_trouble or not self._in_trouble():
            return super().reply(step)
        self.refused += 1
        return {
            "greylists": "450 4.2.0 Greylisted, see postgrey",
            "busy": "421 4.7.28 too much mail from you, come back later",
            "dead": HANG_UP,
        }[self.kind]

    def _in_trouble(self) -> bool:
        self.well_from = self.well_from or self.now + self.lasts
        return self.now < self.well_from


@asynccontextmanager
async def box_at(relay: ScriptedSmtp, folder: Path) -> AsyncIterator[BoxWorld]:
    smtp = SmtpSettings(host=HOST, port=relay.port, security="none")
    email = EmailSettings(transport="smtp", from_address="briefs@box.example", smtp=smtp)
    async with open_world(folder, settings=Settings(email=email)) as box:
        yield box


TROUBLES = [
    # eleith/emailjs#202, postalserver/postal#238, mail-in-a-box/mailinabox#403, Mailu#1742: from
    # three minutes to a quarter of an hour; postgrey's own default is five minutes.
    ("greylists", timedelta(minutes=10)),
    # mail-in-a-box/mailinabox#1771, Purelymail#354, in2code-de/luxletter#247.
    ("busy", timedelta(hours=1)),
    ("dead", timedelta(hours=3)),
]


@pytest.mark.parametrize(("kind", "lasts"), TROUBLES, ids=[kind for kind, _ in TROUBLES])
async def test_a_days_mail_survives_a_relay_in_trouble_and_comes_once(
    tmp_path: Path, kind: str, lasts: timedelta
) -> None:
    with Relay(kind, lasts) as relay:
        async with box_at(relay, tmp_path) as box:
            people = ["ada", "bo", "cy"]
            for who in people:
                await box.person(who, at="09:00")
                await box.project(who)
            end = from_text(END)
            while box.clock.now() < end:
                relay.now = box.clock.now()
                await box.run_until(min(box.clock.now() + STEP, end))
            assert relay.refused >= len(people)
            sent = [line for message in relay.taken for line in message.splitlines()]
            ids = sorted({line for line in sent if line.startswith(b"Message-ID:")})
            assert len(ids) == 3
            accepted = len(relay.taken) - (relay.refused if kind == "busy" else 0)
            assert accepted == 3
            for who in people:
                (mail,) = (await box.get(f"/users/{who}/emails"))["items"]
                assert mail["status"] == "sent"
                begun = from_text("2024-10-23T09:00:00Z")
                late = from_text(mail["sentAt"]) - begun - lasts
                assert timedelta(0) <= late <= timedelta(minutes=17)


async def inbox(box: BoxWorld, user: str = "ada") -> list[tuple[str, str]]:
    items = (await box.get(f"/users/{user}/notifications"))["items"]
    return [(item["eventType"], item["body"]) for item in items]


async def operator(box: BoxWorld) -> None:
    await box.sync(users=[{"id": "ops", "email": "ops@example.org", "isAdmin": True}])


async def test_what_is_refused_for_good_reaches_its_reader_and_the_operator(
    tmp_path: Path,
) -> None:
    with SmtpDouble() as server:
        server.answers("554 5.7.1 looks like spam")
        async with box_with(server, tmp_path) as box:
            await operator(box)
            await brief(box)
            await box.work()
            found = dict(await inbox(box))
            assert "The brief of Wednesday, October 23, 2024 is here" in found["brief.email_failed"]
            assert "looks like spam" in found["brief.email_failed"]
            ((kind, said),) = await inbox(box, "ops")
            assert kind == "queue.alert"
            assert said.startswith("mail email-")
            assert "to user ada was not delivered" in said


async def test_what_outlives_its_day_reaches_its_reader_and_the_operator(tmp_path: Path) -> None:
    with SmtpDouble() as server:
        server.answers(*["451 4.3.0 busy"] * 200)
        async with box_with(server, tmp_path) as box:
            await operator(box)
            await brief(box)
            await box.run_until("2024-10-23T23:00:00Z", step=timedelta(minutes=10))
            assert "brief.email_failed" not in dict(await inbox(box))
            await box.run_until("2024-10-24T00:01:00Z")
            assert "brief.email_failed" in dict(await inbox(box))
            assert ("queue.alert" in dict(await inbox(box, "ops"))) is True


async def test_a_mail_that_was_never_tried_in_time_is_told_of_too(box: BoxWorld) -> None:
    await box.person(at="09:00")
    await box.run_until("2024-10-23T08:59:00Z")
    box.clock.set("2024-10-24T00:00:01Z")
    await box.work()
    assert "brief.email_failed" in dict(await inbox(box))


async def test_operators_are_alerted_once_an_hour_not_once_a_mail(tmp_path: Path) -> None:
    with SmtpDouble() as server:
        server.answers(*["554 5.7.1 looks like spam"] * 10)
        async with box_with(server, tmp_path) as box:
            await operator(box)
            for _ in range(3):
                await brief(box, forceRegenerate=True)
            await box.run_until("2024-10-23T08:30:00Z")
            alerts = [kind for kind, _ in await inbox(box, "ops")]
            assert alerts == ["queue.alert"]
            await box.run_until("2024-10-23T09:05:00Z", step=timedelta(minutes=5))
            await brief(box, forceRegenerate=True)
            alerts = [kind for kind, _ in await inbox(box, "ops")]
            assert alerts == ["queue.alert"] * 2


async def test_a_notifications_mail_is_tried_for_a_day_and_then_lies_in_the_inbox(
    tmp_path: Path,
) -> None:
    with SmtpDouble() as server:
        server.answers(*["451 4.3.0 busy"] * 200)
        async with box_with(server, tmp_path) as box:
            body = {"taskId": "t1", "taskName": "Pay rent"}
            await box.post(
                "/queue/notification",
                {
                    "userId": "ada",
                    "eventType": "task.assigned",
                    "channel": "email",
                    "payload": body,
                },
            )
            await box.run_until("2024-10-24T07:30:00Z", step=timedelta(minutes=10))
            assert await statuses(box) == ["queued"]
            assert "task.assigned" not in dict(await inbox(box))
            await box.run_until("2024-10-24T08:01:00Z")
            assert await statuses(box) == ["failed"]
            assert dict(await inbox(box))["task.assigned"] == "Pay rent"


async def test_a_notifications_mail_in_doubt_is_not_given_up_at_once(tmp_path: Path) -> None:
    with ScriptedSmtp() as relay:
        relay.says("dot", HANG_UP)
        async with box_at(relay, tmp_path) as box:
            await box.person()
            await notify(box)
            await box.work()
            assert (await statuses(box), await inbox(box)) == (["unknown"], [])
            await box.run_until("2024-10-23T08:05:00Z")
            assert (await statuses(box), await inbox(box)) == (["sent"], [])


async def test_the_forecast_says_that_a_mail_is_tried_again(tmp_path: Path) -> None:
    with SmtpDouble() as server:
        server.answers(*["451 4.3.0 busy"] * 20)
        async with box_with(server, tmp_path) as box:
            await brief(box)
            await box.run_until("2024-10-23T09:00:00Z")
            (expected,) = (await box.get("/schedule/forecast?days=1"))["deliveries"]
            job = await mail_job(box)
            assert (expected["kind"], expected["outcome"]) == ("brief", "send")
            assert expected["at"] == job["scheduled_for"]
            assert expected["reason"] == f"retried until {job['retry_until']} after smtp_451"


# Nobody reads the table: what would write the outcome of an effect cannot be prepared.
FAIL_OUTCOMES = """CREATE TRIGGER fail_outcomes AFTER UPDATE OF provider_id ON effects
                   BEGIN INSERT INTO missing_table VALUES (1); END"""


async def test_a_mail_whose_outcome_cannot_be_stored_is_in_doubt(box: BoxWorld) -> None:
    await box.person()
    await box.project()
    await box.db.write(lambda tx: tx.execute(FAIL_OUTCOMES))
    await brief(box)
    assert (await statuses(box), len(box.outbox)) == (["unknown"], 1)
    await box.db.write(lambda tx: tx.execute("DROP TRIGGER fail_outcomes"))
    await box.call("PUT", "/users/ada/preferences", {"emailDailyBrief": False})
    await box.run_until(END)
    # It may have come: so the second one is not held back, and says what it is.
    assert (await statuses(box), (await mail_job(box))["attempts"]) == (["sent"], 2)


async def test_a_mail_whose_outcome_cannot_be_stored_is_sent_once_more_at_most(
    box: BoxWorld,
) -> None:
    await box.person()
    await box.project()
    await box.db.write(lambda tx: tx.execute(FAIL_OUTCOMES))
    await brief(box)
    await box.run_until(END)
    job = await mail_job(box)
    assert (job["status"], job["attempts"], job["error_code"]) == ("failed", 2, "outcome_unknown")
    assert await statuses(box) == ["unknown"]
