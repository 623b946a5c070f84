"""Twilio's webhooks, phone verification and the day's metrics (docs/spec.md#sms)."""

from datetime import timedelta
from itertools import permutations
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from twilio.request_validator import RequestValidator

from buildos_box.settings import LimitsSettings
from buildos_box.sms.health_cron import alerts_of
from tests.doubles.twilio import TwilioDouble
from tests.sms.conftest import sms_box
from tests.sms.test_sms import NUMBER, ada, messages
from tests.world import BoxWorld


async def tell(box: BoxWorld, path: str, *, key: str = "token", **form: str) -> httpx.Response:
    url = f"https://box.example/webhooks/twilio/{path}"
    headers = {
        "X-Twilio-Signature": RequestValidator(key).compute_signature(url, form),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    return await box.api.post(f"/webhooks/twilio/{path}", content=urlencode(form), headers=headers)


async def sent(box: BoxWorld, twilio: TwilioDouble) -> tuple[str, str]:
    await ada(box)
    made = await box.post("/queue/sms", {"userId": "ada", "message": "Hello"})
    await box.work()
    return f"status?sms={made['smsId']}", twilio.sent[-1]["Sid"]


@pytest.mark.parametrize(
    ("order", "status"),
    [
        (["queued", "sent", "delivered"], "delivered"),
        (["delivered", "sent", "sending", "delivered"], "delivered"),
        (["undelivered", "sent"], "undelivered"),
        (["queued", "nonsense"], "sent"),
    ],
)
async def test_callbacks_only_lead_forward(
    box: BoxWorld, twilio: TwilioDouble, order: list[str], status: str
) -> None:
    path, sid = await sent(box, twilio)
    for said in order:
        answer = await tell(box, path, MessageSid=sid, MessageStatus=said)
        assert answer.status_code == 204
    assert (await messages(box))[0]["status"] == status


async def test_in_whatever_order_and_however_often_the_end_is_the_same(
    tmp_path: Path, twilio: TwilioDouble
) -> None:
    async with sms_box(tmp_path, twilio, limits=LimitsSettings(sms_per_day=0)) as box:
        await _every_order(box, twilio)


async def _every_order(box: BoxWorld, twilio: TwilioDouble) -> None:
    await ada(box, daily_limit=100)
    orders = list(permutations(["queued", "sending", "sent", "delivered"]))
    for order in orders:
        made = await box.post("/queue/sms", {"userId": "ada", "message": " ".join(order)})
        await box.work()
        path, sid = f"status?sms={made['smsId']}", twilio.sent[-1]["Sid"]
        for said in (*order, *order):
            await tell(box, path, MessageSid=sid, MessageStatus=said)
    assert {message["status"] for message in await messages(box)} == {"delivered"}
    (day,) = (await box.get("/sms/metrics"))["days"]
    assert (day["sent"], day["delivered"], day["failed"]) == (len(orders), len(orders), 0)
    kept = await box.db.one("SELECT count(*) AS n, sum(changed) AS c FROM sms_callbacks")
    assert (kept["n"], kept["c"]) == (8 * len(orders), len(orders))


async def test_a_callback_before_the_answer_is_written_down_finds_its_message(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    twilio.script = ["lost"]
    path, sid = await sent(box, twilio)
    await tell(box, path, MessageSid=sid, MessageStatus="delivered")
    await box.run_until("2024-10-23T08:05:00Z")
    assert [m["status"] for m in await messages(box)] == ["delivered"]
    assert len(twilio.sent) == 1


async def test_a_callback_with_another_messages_id_changes_nothing(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    path, sid = await sent(box, twilio)
    answer = await tell(box, path, MessageSid="SM" + "9" * 32, MessageStatus="undelivered")
    assert answer.status_code == 204
    row = await box.db.one("SELECT status, twilio_sid FROM scheduled_sms_messages")
    assert tuple(row) == ("sent", sid)
    assert (await box.db.one("SELECT count(*) AS n FROM sms_callbacks"))["n"] == 0


async def lost_and_cancelled(box: BoxWorld, twilio: TwilioDouble) -> tuple[str, str]:
    """Twilio has the message, but its answer was lost, and then its job was ended by a person."""
    await ada(box, daily_limit=1)
    twilio.script = ["lost"]
    made = await box.post("/queue/sms", {"userId": "ada", "message": "Hello"})
    await box.work()
    (job,) = (await box.get("/users/ada/jobs?type=send_sms"))["jobs"]
    await box.post(f"/jobs/{job['id']}/cancel")
    assert [m["status"] for m in await messages(box)] == ["unknown"]
    return f"status?sms={made['smsId']}", twilio.sent[-1]["Sid"]


async def nothing_more_today(box: BoxWorld, twilio: TwilioDouble) -> None:
    """It counts: the day's limit of one is reached, and the numbers of the day say one."""
    await box.post("/queue/sms", {"userId": "ada", "message": "One more"})
    await box.work()
    assert len(twilio.sent) == 1
    assert {m["reason"] for m in await messages(box)} == {None, "daily_limit"}
    (day,) = (await box.get("/sms/metrics"))["days"]
    assert (day["sent"], day["failed"]) == (1, 0)


async def test_one_that_a_callback_alone_tells_of_counts_for_the_days_limit(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    """Found by simulation: its attempt had died, and three came on a day that allowed two."""
    path, sid = await lost_and_cancelled(box, twilio)
    await tell(box, path, MessageSid=sid, MessageStatus="delivered")
    await tell(box, path, MessageSid=sid, MessageStatus="delivered")
    await nothing_more_today(box, twilio)


async def test_one_whose_job_was_ended_on_its_way_is_looked_for(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await lost_and_cancelled(box, twilio)
    await box.run_until("2024-10-23T08:11:00Z")
    assert [m["status"] for m in await messages(box)] == ["sent"]
    await nothing_more_today(box, twilio)


async def test_one_that_is_found_another_day_is_no_days_failure(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    box.clock.set("2024-10-23T22:30:00Z")
    twilio.now = box.clock.now().timestamp()
    await lost_and_cancelled(box, twilio)
    form = twilio.sent.pop()  # Twilio's list does not show it yet
    await box.run_until("2024-10-24T12:00:00Z", step=timedelta(hours=1))
    twilio.sent.append(form)
    await box.run_until("2024-10-25T20:00:00Z", step=timedelta(hours=1))
    assert [m["status"] for m in await messages(box)] == ["sent"]
    days = (await box.get("/sms/metrics"))["days"]
    assert [day["failed"] for day in days] == [0] * len(days)
    assert sum(day["sent"] for day in days) == 1


async def test_one_that_is_never_found_is_a_failure_once(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await lost_and_cancelled(box, twilio)
    twilio.sent.clear()
    await box.run_until("2024-10-25T20:00:00Z", step=timedelta(hours=1))
    assert [m["status"] for m in await messages(box)] == ["unknown"]
    assert sum(day["failed"] for day in (await box.get("/sms/metrics"))["days"]) == 1


async def test_stop_opts_out_and_start_in_again(box: BoxWorld, twilio: TwilioDouble) -> None:
    await ada(box)

    async def opted_out() -> Any:
        (line,) = (await box.get("/sms/scheduled"))["schedule"]
        return line["opted_out"]

    answer = await tell(box, "inbound", MessageSid="SM1", From=NUMBER, Body=" stop ")
    assert (answer.status_code, answer.text) == (200, "<Response/>")
    assert await opted_out()
    await tell(box, "inbound", MessageSid="SM2", From=NUMBER, Body="Start")
    await tell(box, "inbound", MessageSid="SM1", From=NUMBER, Body=" stop ")
    assert not await opted_out()


async def test_a_number_is_proved_by_the_code_sent_to_it(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await box.person()
    token = await box.token_for("user:ada")
    await box.post("/users/ada/phone", {"phoneNumber": "(415) 555-2671"}, token=token)
    await box.work()
    code = twilio.sent[0]["Body"].split("code is ")[1][:6]
    assert code.isdigit()
    assert code not in str(await messages(box))
    wrong = "000000" if code != "000000" else "111111"
    path = "/users/ada/phone/verify"
    assert (await box.call("POST", path, {"code": wrong}, token=token)).status_code == 422
    proved = await box.post(path, {"code": code}, token=token)
    assert proved == {"success": True, "phoneNumber": NUMBER}
    (line,) = (await box.get("/sms/scheduled"))["schedule"]
    assert line["phone_verified"] is True


async def test_five_wrong_tries_void_the_code(box: BoxWorld, twilio: TwilioDouble) -> None:
    await box.person()
    await box.post("/users/ada/phone", {"phoneNumber": NUMBER})
    await box.work()
    code = twilio.sent[0]["Body"].split("code is ")[1][:6]
    wrong = "000000" if code != "000000" else "111111"
    for given in [wrong] * 5 + [code]:
        answer = await box.call("POST", "/users/ada/phone/verify", {"code": given})
        assert answer.status_code == 422
    for status in (200, 200, 429):
        asked = await box.call("POST", "/users/ada/phone", {"phoneNumber": NUMBER})
        assert asked.status_code == status


@pytest.mark.parametrize(
    ("delivered", "failed", "kinds"),
    [
        (19, 0, []),
        (10, 9, []),
        (19, 1, []),
        (18, 2, ["sms_failures"]),
        (17, 3, ["sms_delivery", "sms_failures"]),
    ],
)
def test_alerts_from_twenty_messages_on(delivered: int, failed: int, kinds: list[str]) -> None:
    assert [alert.kind for alert in alerts_of(delivered, failed)] == kinds
