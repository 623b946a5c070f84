"""Every call of the twilio client fits Twilio's published API description."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest

from buildos_box.errors import PermanentError
from buildos_box.sms.twilio_client import Outgoing, TwilioSender
from tests.doubles.twilio import ACCOUNT, SERVICE, TwilioDouble
from tests.doubles.twilio_description import check
from tests.sms.test_sms import NUMBER, ada, messages
from tests.world import BoxWorld

PATH = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
GOOD = {"To": NUMBER, "Body": "Hello", "MessagingServiceSid": SERVICE}


async def test_the_description_accepts_every_call_the_client_makes(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box)
    twilio.script = ["lost"]
    await box.post("/queue/sms", {"userId": "ada", "message": "Hello ☂ 你好"})
    await box.run_until("2024-10-23T08:20:00Z")
    assert set(twilio.asked) == {"CreateMessage", "ListMessage", "FetchMessage"}
    assert twilio.faults == []
    assert [m["status"] for m in await messages(box)] == ["sent"]


async def test_what_the_description_refuses_fails_at_once(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    sender = TwilioSender(box.box.services.settings)
    for wrong in (
        Outgoing("5551234", "Hello", None, None),
        Outgoing(NUMBER, "x" * 1601, None, None),
        Outgoing(NUMBER, "Hello", 36_001, None),
        Outgoing(NUMBER, "Hello", None, "https://under_score.example/x"),
    ):
        with pytest.raises(PermanentError):
            await sender.send(wrong)
    assert len(twilio.faults) == 4
    assert twilio.sent == []
    twilio.faults.clear()


@pytest.mark.parametrize(
    ("form", "fault"),
    [
        (GOOD, None),
        (GOOD | {"Bodi": "x"}, "there is no parameter Bodi"),
        ({"To": NUMBER, "Body": "x"}, "one of From, MessagingServiceSid is required"),
        ({"Body": "x", "MessagingServiceSid": SERVICE}, "To is required"),
        (GOOD | {"SmartEncoded": "1"}, "SmartEncoded can't be '1'"),
        (GOOD | {"ValidityPeriod": "0"}, "ValidityPeriod can't be '0'"),
        (GOOD | {"MessagingServiceSid": "MG1"}, "MessagingServiceSid can't be 'MG1'"),
    ],
)
def test_the_double_knows_a_wrong_request(form: dict[str, str], fault: str | None) -> None:
    found = check("POST", PATH, "application/x-www-form-urlencoded", urlencode(form))
    assert found.faults == ([fault] if fault else [])
    assert check("PUT", PATH, "", "").faults == [f"there is no PUT {PATH}"]
    assert check("GET", f"{PATH}?PageSize=1001", "", "").faults == ["PageSize can't be '1001'"]


async def test_segments_and_cost_are_kept_as_twilio_tells_them(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box)
    for text in ("Hello", "x" * 161, "你" * 71):
        await box.post("/queue/sms", {"userId": "ada", "message": text})
    await box.work()
    assert [m["segments"] for m in await messages(box)] == [1, 2, 2]
    ended = {"status": "delivered", "num_segments": "3", "price": "-0.02370"}
    twilio.outcomes[twilio.sent[1]["Sid"]] = ended
    twilio.outcomes[twilio.sent[0]["Sid"]] = {"status": "undelivered", "error_code": 30003}
    await box.run_until("2024-10-23T08:10:00Z")
    first, second, third = await messages(box)
    assert (first["status"], first["errorCode"], first["reason"]) == (
        "undelivered",
        30003,
        "twilio_30003",
    )
    assert (second["status"], second["segments"], second["price"]) == ("delivered", 3, "-0.02370")
    assert (third["status"], third["price"]) == ("sent", None)
    (day,) = (await box.get("/sms/metrics"))["days"]
    assert day == {
        "day": "2024-10-23",
        "scheduled": 3,
        "sent": 3,
        "delivered": 1,
        "failed": 1,
        "segments": 6,
        "skipped": {},
        "cost": [{"unit": "USD", "amount": "0.023700"}],
        "deliveryRate": 0.5,
    }
    user = await box.token_for("user:ada")
    assert (await box.call("GET", "/sms/metrics", token=user)).status_code == 403


@pytest.mark.parametrize(("told", "kept"), [("EUR", "EUR"), (None, "USD")])
async def test_a_cost_is_kept_in_its_currency(
    box: BoxWorld, twilio: TwilioDouble, told: str | None, kept: str
) -> None:
    await ada(box)
    await box.post("/queue/sms", {"userId": "ada", "message": "Hello"})
    await box.work()
    ended = {"status": "delivered", "price": "-0.01000", "price_unit": told}
    twilio.outcomes[twilio.sent[0]["Sid"]] = ended
    await box.run_until("2024-10-23T08:10:00Z")
    (day,) = (await box.get("/sms/metrics"))["days"]
    assert day["cost"] == [{"unit": kept, "amount": "0.010000"}]


async def test_twilio_is_asked_ever_more_rarely_and_then_no_more(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box)
    await box.post("/queue/sms", {"userId": "ada", "message": "Hello"})
    await box.run_until("2024-10-25T20:00:00Z", step=timedelta(minutes=30))
    assert len(twilio.fetched) == 6


async def test_each_change_of_a_message_is_told_in_realtime(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await ada(box)
    await box.post("/queue/sms", {"userId": "ada", "message": "Hello"})
    await box.work()
    rows = await box.db.all(
        "SELECT data, user_id FROM realtime_events WHERE type = 'sms.updated' ORDER BY id"
    )
    assert {row["user_id"] for row in rows} == {"ada"}
    said = [row["data"] for row in rows]
    assert [text.split('"status":"')[1].split('"')[0] for text in said] == [
        "scheduled",
        "sending",
        "sent",
    ]
    assert NUMBER[1:] not in "".join(said)
