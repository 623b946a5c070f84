"""What a user can cost by text messages: limits that no user can lift or reset."""

from pathlib import Path
from typing import Any

import pytest

from buildos_box.settings import LimitsSettings
from tests.doubles.twilio import TwilioDouble
from tests.sms.conftest import sms_box
from tests.sms.test_sms import NUMBER, ada, states
from tests.world import BoxWorld, open_world

STRANGERS = [f"+1415555{number}" for number in range(2680, 2700)]


async def ask(box: BoxWorld, number: str, token: str, user: str = "ada") -> Any:
    answer = await box.call("POST", f"/users/{user}/phone", {"phoneNumber": number}, token=token)
    await box.work()
    return answer


def code_in(twilio: TwilioDouble) -> str:
    return next(word.strip(".") for word in twilio.sent[-1]["Body"].split() if word[0].isdigit())


async def test_a_verified_number_does_not_reset_the_limit_of_codes(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await box.person()
    token = await box.token_for("user:ada")
    statuses = []
    for number in STRANGERS[:6]:
        answer = await ask(box, number, token)
        statuses.append(answer.status_code)
        if answer.status_code == 200:
            verified = {"code": code_in(twilio)}
            await box.post("/users/ada/phone/verify", verified, token=token)
    assert statuses == [200, 200, 200, 429, 429, 429]
    assert len(twilio.sent) == 3
    refused = await ask(box, STRANGERS[7], token)
    assert "limits.codes_per_user_hour" in refused.json()["error"]
    assert 0 < int(refused.headers["Retry-After"]) <= 3600


async def test_the_codes_of_a_day_are_limited_too(box: BoxWorld, twilio: TwilioDouble) -> None:
    await box.person()
    token = await box.token_for("user:ada")
    for hour in range(9, 18):
        box.clock.set(f"2024-10-23T{hour:02}:30:00Z")
        for number in STRANGERS[:2]:
            await ask(box, number, token)
    assert len(twilio.sent) == 10
    box.clock.set("2024-10-24T20:00:00Z")
    assert (await ask(box, STRANGERS[0], token)).status_code == 200


async def test_one_number_gets_no_more_codes_whoever_asks(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    statuses = []
    for name in ("ada", "bob", "cleo", "dan"):
        await box.person(name)
        token = await box.token_for(f"user:{name}")
        statuses.append((await ask(box, NUMBER, token, name)).status_code)
    assert statuses == [200, 200, 200, 429]


async def test_one_ip_address_asks_for_no_more_than_its_codes(
    tmp_path: Path, twilio: TwilioDouble
) -> None:
    limits = LimitsSettings(codes_per_address_hour=2)
    async with sms_box(tmp_path, twilio, limits=limits) as box:
        statuses = []
        for name, number in zip(("ada", "bob", "cleo"), STRANGERS, strict=False):
            await box.person(name)
            token = await box.token_for(f"user:{name}")
            statuses.append((await ask(box, number, token, name)).status_code)
        assert statuses == [200, 200, 429]
        service = await box.token_for("service")
        assert (await ask(box, STRANGERS[9], service, "cleo")).status_code == 200


async def test_the_instance_sends_no_more_codes_an_hour_than_it_may(
    tmp_path: Path, twilio: TwilioDouble
) -> None:
    async with sms_box(tmp_path, twilio, limits=LimitsSettings(codes_per_hour=2)) as box:
        service = await box.token_for("service")
        statuses = []
        for name, number in zip(("ada", "bob", "cleo"), STRANGERS, strict=False):
            await box.person(name)
            statuses.append((await ask(box, number, service, name)).status_code)
        assert statuses == [200, 200, 429]
        box.clock.set("2024-10-23T09:00:01Z")
        assert (await ask(box, STRANGERS[2], service, "cleo")).status_code == 200


async def test_what_is_kept_of_asked_codes_names_nobody(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await box.person()
    await ask(box, NUMBER, await box.token_for("user:ada"))
    rows = await box.db.all("SELECT * FROM code_requests")
    assert {row["name"] for row in rows} == {"user", "target", "address", "all"}
    kept = " ".join(str(tuple(row)) for row in rows)
    assert not any(text in kept for text in ("'ada'", "user:ada", NUMBER, "127.0.0.1"))


@pytest.mark.parametrize(
    ("number", "allowed"),
    [("+14155552671", True), ("+18765550123", False), ("+4915123456789", True)],
)
async def test_only_numbers_of_allowed_countries_are_written_to(
    tmp_path: Path, twilio: TwilioDouble, number: str, allowed: bool
) -> None:
    async with sms_box(tmp_path, twilio, countries=("US", "DE")) as box:
        await box.person()
        token = await box.token_for("user:ada")
        answer = await ask(box, number, token)
        assert answer.status_code == (200 if allowed else 422)
        assert allowed or "sms.allowed_countries" in answer.json()["error"]
        wish = {"userId": "ada", "phone_number": number}
        saved = await box.call("POST", "/sms/scheduled", wish, token=token)
        assert saved.status_code == (200 if allowed else 422)
        await box.sync(
            smsPreferences=[{"userId": "ada", "phoneNumber": number, "phoneVerified": True}]
        )
        twilio.sent.clear()
        await box.post("/queue/sms", {"userId": "ada", "message": "Hello"})
        await box.work()
        assert len(twilio.sent) == int(allowed)
        assert allowed or (await states(box))[-1] == ("skipped", "number_not_allowed")


async def test_a_number_that_charges_whoever_writes_to_it_is_refused(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await box.person()
    answer = await ask(box, "+1 900 234 5678", await box.token_for("user:ada"))
    assert answer.status_code == 422
    assert "premium number" in answer.json()["error"]
    assert twilio.sent == []


async def test_a_user_raises_no_limit_above_the_operators(
    tmp_path: Path, twilio: TwilioDouble
) -> None:
    async with sms_box(tmp_path, twilio, limits=LimitsSettings(sms_per_day=2)) as box:
        await ada(box)
        token = await box.token_for("user:ada")
        wish = {"userId": "ada", "daily_limit": 3}
        refused = await box.call("POST", "/sms/scheduled", wish, token=token)
        assert refused.status_code == 422
        assert "limits.sms_per_day" in refused.json()["error"]
        await box.post("/sms/scheduled", {"userId": "ada", "daily_limit": 500})
        for number in range(4):
            message = {"userId": "ada", "message": f"Text {number}"}
            await box.post("/queue/sms", message, token=token)
        await box.work()
        assert len(twilio.sent) == 2
        # Another zone is another local day, but not another day of the operator's.
        await box.call("PATCH", "/users/ada", {"timezone": "Pacific/Kiritimati"}, token=token)
        await box.post("/queue/sms", {"userId": "ada", "message": "More"}, token=token)
        await box.work()
        assert len(twilio.sent) == 2
        assert (await states(box))[-1] == ("skipped", "daily_limit")


async def test_a_users_text_has_two_segments_at_most(box: BoxWorld) -> None:
    await ada(box)
    token = await box.token_for("user:ada")
    fits, too_long, wide = "a" * 306, "a" * 307, "ж" * 135
    for text, status in ((fits, 200), (too_long, 422), (wide, 422)):
        message = {"userId": "ada", "message": text, "scheduledFor": "2024-10-23T12:00:00Z"}
        answer = await box.call("POST", "/queue/sms", message, token=token)
        assert answer.status_code == status, text[:3]
    assert "segments" in answer.json()["error"]
    waiting = (await box.get("/sms/scheduled/user/ada"))["messages"][0]["id"]
    changed = await box.call(
        "PATCH", f"/sms/scheduled/{waiting}/update", {"message": too_long}, token=token
    )
    assert changed.status_code == 422
    service = await box.token_for("service")
    await box.post("/queue/sms", {"userId": "ada", "message": too_long}, token=service)


async def test_no_code_is_promised_where_no_sms_can_be_sent(tmp_path: Path) -> None:
    async with open_world(tmp_path / "data") as box:
        await box.person("ada")
        answer = await box.call("POST", "/users/ada/phone", {"phoneNumber": "+14155552671"})
        assert (answer.status_code, answer.json()["code"]) == (409, "sms_not_configured")
        assert (await box.get("/messages?channel=sms"))["items"] == []
