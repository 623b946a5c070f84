"""What changes while a message is on its way to be sent (docs/spec.md#sms-checks)."""

from typing import Any

import msgspec
import pytest

from buildos_box.db import Tx
from buildos_box.jobs.attempt import Attempt
from buildos_box.jobs.retry import Snooze
from buildos_box.sms.send_job import SendPayload, send_sms
from tests.doubles.twilio import TwilioDouble
from tests.sms.test_sms import ada, event, messages, states
from tests.world import BoxWorld

DELETED = "DELETE FROM scheduled_sms_messages"
MOVED = "UPDATE user_sms_preferences SET phone_number = '+14155552672'"
OTHER_CHANNEL = "UPDATE user_sms_preferences SET reminder_channel = 'chat'"
CANCELLED = "UPDATE scheduled_sms_messages SET status = 'cancelled', reason = 'enough'"


class Overtaken(Attempt[SendPayload]):
    """An attempt in one of whose transactions somebody else's change comes first."""

    def overtaken_by(self, statement: str, *, before: int) -> None:
        self.statement, self.before = statement, before
        self.seen: list[Tx] = []

    def ensure_lease(self, tx: Tx, *, finishing: bool = False) -> None:
        if tx not in self.seen:
            self.seen.append(tx)
            if len(self.seen) == self.before:
                tx.execute(self.statement)
        super().ensure_lease(tx, finishing=finishing)


async def send(box: BoxWorld, statement: str, *, before: int) -> Any:
    """Run the message's job, whose transactions that send are the look for the chat, the checks
    and the intent.
    """
    claimed = await box.claim()
    assert claimed is not None
    assert claimed.job_type == "send_sms"
    payload = msgspec.json.decode(claimed.metadata, type=SendPayload)
    job = Overtaken(claimed, payload, box.db, box.clock, {})
    job.overtaken_by(statement, before=before)
    return await send_sms(job, box.box.services)


async def hello(box: BoxWorld) -> None:
    await ada(box)
    await box.post("/queue/sms", {"userId": "ada", "message": "Hello"})


@pytest.mark.parametrize("before", [1, 2, 3])
async def test_one_that_is_deleted_meanwhile_is_not_sent(
    box: BoxWorld, twilio: TwilioDouble, before: int
) -> None:
    await hello(box)
    result = await send(box, DELETED, before=before)
    assert (result.status, result.reason, twilio.sent) == ("skipped", "gone", [])


@pytest.mark.parametrize("before", [2, 3])
async def test_one_that_is_cancelled_meanwhile_is_not_sent(
    box: BoxWorld, twilio: TwilioDouble, before: int
) -> None:
    await hello(box)
    result = await send(box, CANCELLED, before=before)
    assert (result.status, result.reason, twilio.sent) == ("skipped", "enough", [])


async def test_one_whose_number_changes_at_the_last_moment_is_checked_again(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await hello(box)
    with pytest.raises(Snooze) as put_off:
        await send(box, MOVED, before=3)
    assert (put_off.value.until, twilio.sent) == (box.clock.now(), [])
    assert await states(box) == [("scheduled", None)]


async def test_a_reminder_whose_channel_changes_at_the_last_moment_is_checked_again(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box)
    await event(box, "2024-10-23T10:00:00Z")
    await box.work()
    box.clock.set("2024-10-23T09:45:00Z")
    with pytest.raises(Snooze) as put_off:
        await send(box, OTHER_CHANNEL, before=2)
    assert (put_off.value.until, twilio.sent) == (box.clock.now(), [])
    assert await states(box) == [("scheduled", None)]


async def test_a_reminder_in_a_persons_own_words_is_sent_in_them(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box)
    await event(box, "2024-10-23T10:00:00Z")
    (message,) = await messages(box)
    path = f"/sms/scheduled/{message['id']}/update"
    changed = await box.call("PATCH", path, {"message": "Bring the keys"})
    assert changed.status_code == 200, changed.text
    await box.run_until("2024-10-23T09:46:00Z")
    assert [sent["Body"] for sent in twilio.sent] == ["Bring the keys"]


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO sms_opt_outs VALUES ('+14155552671', '2024-10-23T08:00:00.000Z')",
        """UPDATE user_sms_preferences
              SET quiet_hours_start = '07:00', quiet_hours_end = '11:00'""",
        "UPDATE user_sms_preferences SET daily_limit = 0",
        "UPDATE user_sms_preferences SET phone_number = NULL, phone_verified = 0",
    ],
)
async def test_one_in_doubt_that_has_left_is_found_whatever_has_changed_since(
    box: BoxWorld, twilio: TwilioDouble, change: str
) -> None:
    await hello(box)
    twilio.script = ["lost"]
    await box.step()
    assert await states(box) == [("sending", None)]
    await box.db.write(lambda tx: tx.execute(change))
    await box.run_until("2024-10-23T08:05:00Z")
    assert (await states(box), len(twilio.sent)) == ([("sent", None)], 1)
    assert twilio.listed == 1


async def test_one_in_doubt_that_has_not_left_is_not_sent_to_whom_it_may_not_be(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await hello(box)
    twilio.script = [(503, 20503)]
    await box.step()
    await box.db.write(
        lambda tx: tx.execute(
            "INSERT INTO sms_opt_outs VALUES ('+14155552671', '2024-10-23T08:00:00.000Z')"
        )
    )
    await box.run_until("2024-10-23T08:05:00Z")
    assert (await states(box), twilio.sent) == ([("skipped", "opted_out")], [])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"users": [{"id": "ada", "timezone": "Europe/Lisbon"}]}, "Standup at 11:00"),
        ({"users": [{"id": "ada", "locale": "de"}]}, "Standup um 12:00"),
        ({"events": [{"id": "e1", "title": "Retro"}]}, "Retro at 12:00"),
    ],
    ids=["zone", "language", "title"],
)
async def test_a_reminder_in_doubt_that_has_not_left_says_what_is_so_when_it_leaves(
    box: BoxWorld, twilio: TwilioDouble, change: dict[str, Any], says: str
) -> None:
    await ada(box, zone="Europe/Berlin")
    twilio.script = [(503, 20503), "lost"]
    await event(box, "2024-10-23T10:00:00Z")
    await box.run_until("2024-10-23T09:45:00Z")
    assert await states(box) == [("sending", None)]
    for one in change.get("events", ()):
        one |= {"userId": "ada", "startAt": "2024-10-23T10:00:00Z"}
    await box.sync(**change)
    await box.run_until("2024-10-23T09:59:00Z")
    # Its second try left, but the answer was lost: it is found by its new words.
    assert (await states(box), len(twilio.sent)) == ([("sent", None)], 1)
    assert says in twilio.sent[0]["Body"]
    (message,) = await messages(box)
    assert message["message"] == twilio.sent[0]["Body"]
