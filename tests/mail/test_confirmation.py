"""An address that a user gives gets nothing but a code until the code has come back."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from buildos_box.db.migrate import known_migrations, migrate
from buildos_box.settings import LimitsSettings, Settings
from tests.clock import ManualClock
from tests.world import BoxWorld, open_world

STRANGER = "stranger@example.net"


async def user_of(box: BoxWorld, name: str = "ada") -> str:
    await box.person(name)
    return await box.token_for(f"user:{name}")


async def take_address(box: BoxWorld, token: str, address: str = STRANGER) -> Any:
    answer = await box.call("PATCH", "/users/ada", {"email": address}, token=token)
    assert answer.status_code == 200, answer.text
    await box.work()
    return answer.json()


def mails_to(box: BoxWorld, address: str) -> list[Any]:
    return [mail for mail in box.outbox if mail["To"] == address]


def code_in(mail: Any) -> str:
    words = mail.get_content().split()
    return next(word.strip(".") for word in words if word.strip(".").isdigit())


async def test_an_address_that_a_user_gives_gets_one_code_and_nothing_else(
    box: BoxWorld,
) -> None:
    await box.person(at="09:00", isActive=True)
    token = await box.token_for("user:ada")
    assert (await take_address(box, token))["emailConfirmed"] is False
    for _ in range(5):
        await box.post("/queue/brief", {"userId": "ada", "forceRegenerate": True}, token=token)
        await box.work()
    notice = {
        "event_type": "brief.completed",
        "recipient_user_id": "ada",
        "payload": {"briefId": "b", "briefDate": "2024-10-23", "subject": "S"},
        "channels": ["email"],
    }
    await box.call("POST", "/queue/notification", notice)
    await box.run_until("2024-10-23T09:30:00Z")
    (only,) = mails_to(box, STRANGER)
    assert only["Subject"] == "Confirm your mail address"
    assert STRANGER in only.get_content()
    assert only["List-Unsubscribe"] is None
    (job,) = [j for j in await box.jobs() if j["job_type"] == "send_email_code"]
    assert code_in(only) not in str(dict(job)), "the code is in the mail alone"
    brief = await box.get("/users/ada/briefs/2024-10-23")
    result = (await box.get(f"/jobs/{brief['jobId']}"))["result"]
    assert result["emailSkipped"] == "the address is not confirmed"
    assert (await box.get("/users/ada/mail"))["confirmed"] is False


async def test_with_the_code_mail_comes(box: BoxWorld) -> None:
    token = await user_of(box)
    await take_address(box, token)
    code = code_in(mails_to(box, STRANGER)[0])
    wrong = "000000" if code != "000000" else "111111"
    path = "/users/ada/email/verify"
    assert (await box.call("POST", path, {"code": wrong}, token=token)).status_code == 422
    confirmed = await box.post(path, {"code": code}, token=token)
    assert confirmed == {"success": True, "email": STRANGER}
    assert (await box.get("/users/ada"))["emailConfirmed"] is True
    assert (await box.call("POST", path, {"code": code}, token=token)).status_code == 422
    await box.post("/queue/brief", {"userId": "ada"}, token=token)
    await box.work()
    assert len(mails_to(box, STRANGER)) == 2


async def test_a_code_is_good_for_its_own_address_and_hour(box: BoxWorld) -> None:
    token = await user_of(box)
    await take_address(box, token)
    old = code_in(mails_to(box, STRANGER)[0])
    await take_address(box, token, "other@example.net")
    path = "/users/ada/email/verify"
    if old != code_in(mails_to(box, "other@example.net")[0]):
        assert (await box.call("POST", path, {"code": old}, token=token)).status_code == 422
    code = code_in(mails_to(box, "other@example.net")[0])
    box.clock.set("2024-10-23T09:00:01Z")
    late = await box.call("POST", path, {"code": code}, token=token)
    assert late.status_code == 422
    assert "has expired" in late.json()["error"]
    again = await box.post("/users/ada/email/code", token=token)
    assert again["email"] == "other@example.net"
    await box.work()
    newest = code_in(mails_to(box, "other@example.net")[-1])
    assert (await box.post(path, {"code": newest}, token=token))["success"] is True
    repeated = await box.call("POST", "/users/ada/email/code", token=token)
    assert (repeated.status_code, repeated.json()["code"]) == (409, "already_confirmed")


async def test_five_wrong_tries_void_the_code(box: BoxWorld) -> None:
    token = await user_of(box)
    await take_address(box, token)
    code = code_in(mails_to(box, STRANGER)[0])
    wrong = "000000" if code != "000000" else "111111"
    for given in [wrong] * 5 + [code]:
        answer = await box.call("POST", "/users/ada/email/verify", {"code": given}, token=token)
        assert answer.status_code == 422


async def test_codes_by_mail_are_limited_however_the_address_changes(box: BoxWorld) -> None:
    token = await user_of(box)
    for number in range(6):
        await take_address(box, token, f"stranger{number}@example.net")
    assert len(box.outbox) == 3
    refused = await box.call("POST", "/users/ada/email/code", token=token)
    assert refused.status_code == 429
    assert "limits.codes_per_user_hour" in refused.json()["error"]


async def test_the_service_vouches_for_the_addresses_that_it_gives(box: BoxWorld) -> None:
    token = await user_of(box)
    await take_address(box, token)
    service = await box.token_for("service")
    given = await box.call("PATCH", "/users/ada", {"email": STRANGER}, token=service)
    assert given.json()["emailConfirmed"] is True
    assert (await box.call("PATCH", "/users/ada", {"name": "Ada"}, token=token)).json()[
        "emailConfirmed"
    ] is True
    own = await box.call("PATCH", "/users/ada", {"emailConfirmed": True}, token=token)
    assert own.status_code == 403


async def test_a_mail_that_waits_does_not_go_to_an_address_that_lost_its_confirmation(
    box: BoxWorld,
) -> None:
    await box.person(at="09:00", isActive=True)
    await box.run_until("2024-10-23T08:58:30Z", step=timedelta(minutes=30))
    await box.sync(users=[{"id": "ada", "emailConfirmed": False}])
    await box.run_until("2024-10-23T09:30:00Z", step=timedelta(minutes=30))
    assert mails_to(box, "ada@example.org") == []
    (mail,) = (await box.get("/users/ada/emails"))["items"]
    assert (mail["status"], mail["reason"]) == ("skipped", "the address is not confirmed")


async def test_no_user_gets_more_mails_a_day_than_the_limit(tmp_path: Path) -> None:
    settings = Settings(limits=LimitsSettings(mails_per_day=3))
    async with open_world(tmp_path / "data", settings=settings) as box:
        await user_of(box)
        for _ in range(6):
            await box.post("/queue/brief", {"userId": "ada", "forceRegenerate": True})
            await box.work()
        assert len(box.outbox) == 3
        brief = await box.get("/users/ada/briefs/2024-10-23")
        result = (await box.get(f"/jobs/{brief['jobId']}"))["result"]
        assert "limits.mails_per_day (3)" in result["emailSkipped"]
        box.clock.set("2024-10-24T09:30:00Z")
        await box.post("/queue/brief", {"userId": "ada"})
        await box.work()
        assert len(box.outbox) == 4, "the next day begins anew"


def test_addresses_from_before_count_as_confirmed(tmp_path: Path) -> None:
    import sqlite3

    path, clock = tmp_path / "box.sqlite3", ManualClock("2024-10-23T08:00:00Z")
    (added,) = [m.number for m in known_migrations() if "email_confirmed" in m.sql]
    migrate(path, clock, [m for m in known_migrations() if m.number < added])
    with sqlite3.connect(path) as db:
        db.execute(
            "INSERT INTO users (id, email, created_at, updated_at) VALUES ('ada', 'a@b.c', '', '')"
        )
    migrate(path, clock)
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT email_confirmed FROM users").fetchone() == (1,)


@pytest.mark.parametrize("path", ["/users/ada/email/code", "/users/ada/email/verify"])
async def test_nobody_confirms_for_another(box: BoxWorld, path: str) -> None:
    await user_of(box)
    other = await user_of(box, "bob")
    answer = await box.call("POST", path, {"code": "123456"}, token=other)
    assert answer.status_code == 404
