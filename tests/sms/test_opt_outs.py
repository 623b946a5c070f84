"""An opt-out belongs to the phone number, whoever has it (docs/spec.md#sms-opt-out)."""

from typing import Any

from tests.doubles.twilio import TwilioDouble
from tests.sms.test_sms import NUMBER, ada, event, messages, states
from tests.sms.test_webhooks import tell
from tests.world import BoxWorld

OTHER = "+14155552672"


async def say(box: BoxWorld, word: str, name: str) -> None:
    answer = await tell(box, "inbound", MessageSid=name, From=NUMBER, Body=word)
    assert answer.status_code == 200


async def wish(box: BoxWorld, user_id: str = "ada", **wishes: Any) -> None:
    await box.post("/sms/scheduled", {"userId": user_id, **wishes})


async def line(box: BoxWorld, user_id: str = "ada") -> Any:
    lines = (await box.get("/sms/scheduled"))["schedule"]
    return next(line for line in lines if line["userId"] == user_id)


async def test_a_number_changed_away_and_back_stays_opted_out(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box)
    await say(box, "STOP", "SM1")
    await wish(box, phone_number=OTHER, phone_verified=True)
    assert (await line(box))["opted_out"] is False
    await wish(box, phone_number=NUMBER, phone_verified=True)
    assert (await line(box))["opted_out"] is True
    await box.post("/queue/sms", {"userId": "ada", "message": "Hello"})
    await box.work()
    assert (twilio.sent, await states(box)) == ([], [("skipped", "opted_out")])
    await say(box, "START", "SM2")
    await box.post("/queue/sms", {"userId": "ada", "message": "Hello"})
    await box.work()
    assert [sent["To"] for sent in twilio.sent] == [NUMBER]


async def test_whoever_gets_the_number_next_is_opted_out_too(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box)
    await say(box, "STOP", "SM1")
    await box.call("DELETE", "/users/ada")
    await box.person("bob")
    await wish(box, "bob", phone_number=NUMBER, phone_verified=True, enabled=True)
    assert (await line(box, "bob"))["opted_out"] is True
    await box.sync(
        events=[{"id": "e", "userId": "bob", "title": "Lunch", "startAt": "2024-10-23T10:00:00Z"}]
    )
    await box.run_until("2024-10-23T10:01:00Z")
    assert twilio.sent == []


async def test_no_code_goes_to_a_number_that_has_opted_out(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box)
    await say(box, "STOP", "SM1")
    answer = await box.call("POST", "/users/ada/phone", {"phoneNumber": NUMBER})
    assert answer.status_code == 422
    assert "START" in answer.json()["error"]
    await box.work()
    assert twilio.sent == []


async def test_stop_takes_reminders_back_and_start_plans_them_anew(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box)
    await event(box, "2024-10-25T10:00:00Z")
    await say(box, "STOP", "SM1")
    await box.run_until("2024-10-25T01:00:00Z")
    assert await messages(box) == []
    await say(box, "START", "SM2")
    await box.run_until("2024-10-25T09:46:00Z")
    assert [sent["Body"] for sent in twilio.sent] == ["BuildOS: Standup at 10:00, in 15 min"]
    await event(box, "2024-10-26T10:00:00Z")
    await box.run_until("2024-10-26T09:46:00Z")
    assert len(twilio.sent) == 2


async def test_what_twilio_says_of_a_number_holds_for_all_who_have_it(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box)
    await box.person("bob")
    await wish(box, "bob", phone_number=NUMBER, phone_verified=True)
    twilio.script = [(400, 21610)]
    await box.post("/queue/sms", {"userId": "ada", "message": "Hello"})
    await box.work()
    assert [(await line(box, who))["opted_out"] for who in ("ada", "bob")] == [True, True]
