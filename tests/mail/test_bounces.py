"""An address that bounced gets no more mail until it is cleared (docs/spec.md#mail-bounces)."""

from pathlib import Path
from typing import Any

import pytest

from buildos_box.mail.smtp_replies import is_bounce
from tests.doubles.smtp import SmtpDouble
from tests.mail.test_notification_mail import notify
from tests.mail.test_sending import box_with, brief, logged, mail_job, mails, statuses
from tests.world import BoxWorld

NOBODY = "550 5.1.1 nobody here"


async def bounces(box: BoxWorld) -> list[Any]:
    return list((await box.get("/emails/bounces"))["items"])


@pytest.mark.parametrize(
    ("answer", "dead"),
    [
        ("550 5.1.1 user unknown", True),
        ("550 5.1.10 null MX", True),
        ("550 5.2.1 mailbox disabled", True),
        ("550 no such user", True),
        ("550 5.0.0 no such user", True),
        ("553 mailbox name not allowed", True),
        ("551 user not local", True),
        ("550 5.7.1 relaying not allowed", False),
        ("550 relay not permitted", False),
        ("554 5.7.1 looks like spam", False),
        ("550 blocked by our policy", False),
        ("550 5.7.26 SPF and DKIM failed", False),
        ("552 5.2.2 mailbox full", False),
        ("554 transaction failed", False),
        ("550 5.1.8 bad sender", False),
        ("530 5.7.0 authentication required", False),
        ("450 4.1.1 try later", False),
        ("499 5.1.1 no such user", False),
        ("500 5.1.1 no such user", True),
        ("599 5.1.1 no such user", True),
        ("600 5.1.1 no such user", False),
        *((f"550 5.1.{detail} that one", detail in (0, 1, 2, 3, 6, 10)) for detail in range(13)),
        *((f"550 5.2.{detail} that one", detail == 1) for detail in range(13)),
        *((f"{code} no such user", code in (550, 551, 553, 556)) for code in range(549, 559)),
    ],
)
def test_only_what_is_said_of_the_address_is_held_against_it(answer: str, dead: bool) -> None:
    code, _, said = answer.partition(" ")
    assert is_bounce(int(code), said) is dead


@pytest.mark.parametrize("to", ["recipient", "message"])
async def test_a_5xx_marks_the_address_and_stops(tmp_path: Path, to: str) -> None:
    with SmtpDouble() as server:
        (server.answers_to_recipients if to == "recipient" else server.answers)(NOBODY)
        async with box_with(server, tmp_path) as box:
            await brief(box)
            await box.run_until("2024-10-23T08:30:00Z")
            assert await logged(box) == ["queued", "sending", "failed", "bounced"]
            assert ((await mail_job(box))["status"], (await mail_job(box))["attempts"]) == (
                "failed",
                1,
            )
            (bounce,) = await bounces(box)
            assert (bounce["userId"], bounce["address"], bounce["code"]) == (
                *("ada", "ada@example.org", "smtp_550"),
            )
            assert "nobody here" in bounce["reason"]
            assert (await box.get("/users/ada/mail"))["bounce"]["emailId"] == bounce["emailId"]


async def test_later_mails_are_skipped_and_say_why(tmp_path: Path) -> None:
    with SmtpDouble() as server:
        server.answers_to_recipients(NOBODY)
        async with box_with(server, tmp_path) as box:
            await brief(box)
            await brief(box, forceRegenerate=True)
            said = await notify(box)
            assert said.email_id is None
            assert "bounced" in str(said.skipped)
            await box.work()
            failed, skipped = await mails(box)
            assert (failed["status"], skipped["status"]) == ("failed", "skipped")
            assert skipped["reason"].startswith("the address has bounced: ")
            assert "nobody here" in skipped["reason"]
            assert (await mail_job(box))["status"] == "completed"
            assert server.messages == []


async def test_a_bounce_is_told_to_those_who_listen(tmp_path: Path) -> None:
    with SmtpDouble() as server:
        server.answers_to_recipients(NOBODY)
        async with box_with(server, tmp_path) as box:
            await brief(box)
            rows = await box.db.all("SELECT * FROM realtime_events WHERE type = 'email.bounced'")
            assert [row["user_id"] for row in rows] == ["ada"]
            assert "nobody here" in rows[0]["data"]


async def test_a_new_address_gets_mail(tmp_path: Path) -> None:
    with SmtpDouble() as server:
        server.answers_to_recipients(NOBODY)
        async with box_with(server, tmp_path) as box:
            await brief(box)
            await box.call("PATCH", "/users/ada", {"name": "Ada L."})
            assert len(await bounces(box)) == 1
            await box.call("PATCH", "/users/ada", {"email": "ada@new.example"})
            assert await bounces(box) == []
            await brief(box, forceRegenerate=True)
            assert server.recipients == ["ada@new.example"]


async def test_an_operator_clears_it_and_mail_goes_again(tmp_path: Path) -> None:
    with SmtpDouble() as server:
        server.answers_to_recipients(NOBODY)
        async with box_with(server, tmp_path) as box:
            await brief(box)
            own = await box.token_for("user:ada")
            path = "/users/ada/mail/bounce"
            assert (await box.call("DELETE", path, token=own)).status_code == 403
            assert (await box.call("GET", "/emails/bounces", token=own)).status_code == 403
            assert (await box.call("DELETE", path)).json()["bounce"] is None
            job = await mail_job(box)
            await box.post(f"/jobs/{job['queue_job_id']}/retry")
            await box.work()
            assert await statuses(box) == ["sent"]


async def test_case_does_not_make_another_address(tmp_path: Path) -> None:
    with SmtpDouble() as server:
        server.answers_to_recipients(NOBODY)
        async with box_with(server, tmp_path) as box:
            await box.sync(users=[{"id": "ada", "email": "Ada@Example.org"}])
            await brief(box)
            await box.sync(users=[{"id": "bo", "email": "ada@example.org"}])
            assert (await box.get("/users/bo/mail"))["bounce"]["userId"] == "ada"


async def test_a_refusal_that_is_about_us_marks_nobody(tmp_path: Path) -> None:
    with SmtpDouble() as server:
        server.answers_to_recipients("554 5.7.1 relay access denied")
        async with box_with(server, tmp_path) as box:
            await brief(box)
            assert (await statuses(box), await bounces(box)) == (["failed"], [])


async def test_greylisting_is_no_bounce_and_the_mail_comes_later(tmp_path: Path) -> None:
    with SmtpDouble() as server:
        server.answers_to_recipients("450 4.2.0 greylisted", "451 4.7.1 greylisted, wait")
        async with box_with(server, tmp_path) as box:
            await brief(box)
            assert (await statuses(box), server.messages) == (["queued"], [])
            await box.run_until("2024-10-23T08:10:00Z")
            assert (await statuses(box), await bounces(box)) == (["sent"], [])
            assert len(server.messages) == 1


async def test_bounces_come_in_pages_newest_first(tmp_path: Path) -> None:
    with SmtpDouble() as server:
        async with box_with(server, tmp_path) as box:
            for n in range(5):
                await box.person(f"u{n}")
                server.answers_to_recipients(NOBODY)
                await box.post("/queue/brief", {"userId": f"u{n}"})
                await box.work()
            seen, cursor = [], None
            while True:
                mark = f"&cursor={cursor.replace('|', '%7C')}" if cursor else ""
                page = await box.get(f"/emails/bounces?limit=2{mark}")
                seen += [bounce["userId"] for bounce in page["items"]]
                cursor = page["nextCursor"]
                if not cursor:
                    break
            assert seen == ["u4", "u3", "u2", "u1", "u0"]
