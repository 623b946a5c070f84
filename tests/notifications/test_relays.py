"""Mail and SMS as channels of a notification (docs/spec.md#notification-fallback)."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from buildos_box.notifications.relays import as_markdown, sms_text
from tests.doubles.twilio import TwilioDouble
from tests.mail.sample_mails import part
from tests.sms.conftest import sms_box
from tests.world import BoxWorld, open_world

START = "2024-10-23T08:00:00Z"
NASTY = "[free](https://evil.test) <b>bold</b> *now* {0.__class__} {{7*7}} & # 1. x"


@pytest.fixture
async def box(tmp_path: Path, twilio: TwilioDouble) -> AsyncIterator[BoxWorld]:
    async with sms_box(tmp_path, twilio) as world:
        await world.person()
        yield world


async def verified(box: BoxWorld) -> None:
    """Ada has a number that is known to be hers."""
    one = {"userId": "ada", "phoneNumber": "+14155552671", "phoneVerified": True}
    await box.sync(smsPreferences=[one])


async def tell(box: BoxWorld, channel: str | None, name: str = "Pay rent", **more: Any) -> Any:
    body: dict[str, Any] = {"userId": "ada", "eventType": "task.assigned"}
    body |= {"payload": {"taskId": "t1", "taskName": name, "projectName": "Home"}, **more}
    return await box.post("/queue/notification", body | ({"channel": channel} if channel else {}))


async def deliveries(box: BoxWorld) -> list[tuple[str, str, str | None]]:
    items = (await box.get("/deliveries"))["items"]
    return [
        (item["channel"], item["status"], item["error"] or item["reason"])
        for item in reversed(items)
    ]


async def test_a_mail_is_sent_says_what_is_meant_and_leads_to_it(box: BoxWorld) -> None:
    await tell(box, "email", NASTY)
    assert await box.step()
    assert await deliveries(box) == [("email", "pending", None)]
    await box.work()
    assert await deliveries(box) == [("email", "sent", None)]
    (mail,) = box.outbox
    assert mail["Subject"] == "A task was assigned to you"
    assert mail["To"] == "ada@example.org"
    text, html = part(mail, "plain"), part(mail, "html")
    assert f"Home: {NASTY}" in " ".join(text.split())
    assert "https://box.example/app/#task-t1" in text
    assert "<b>bold" not in html
    assert 'href="https://evil.test' not in html
    item = (await box.get("/deliveries"))["items"][0]
    assert item["providerId"].startswith("email-")


async def test_a_mail_carries_no_tracking_for_who_refuses_it(box: BoxWorld) -> None:
    await tell(box, "email")
    await box.work()
    await box.sync(users=[{"id": "ada", "emailTracking": False}])
    box.clock.advance(timedelta(seconds=1))
    await tell(box, "email")
    await box.work()
    tracked, untracked = (part(mail, "html") for mail in box.outbox)
    assert "/email/track/" in tracked
    assert "/email/track/" not in untracked
    assert "https://box.example/app/#task-t1" in untracked


async def test_a_mail_that_is_opened_and_clicked_says_so(box: BoxWorld) -> None:
    await tell(box, "email")
    await box.work()
    row = await box.db.one("SELECT tracking_id FROM email_recipients")
    box.clock.advance(timedelta(minutes=1))
    browser = {"User-Agent": "Mozilla/5.0"}
    opened = f"/email/track/open/{row['tracking_id']}"
    await box.call("HEAD", opened, headers=browser)
    assert await deliveries(box) == [("email", "sent", None)]
    await box.call("GET", opened, headers=browser)
    assert await deliveries(box) == [("email", "opened", None)]
    link = (await box.db.one("SELECT url FROM email_links"))["url"]
    await box.call(
        "GET", f"/email/track/click/{row['tracking_id']}", params={"url": link}, headers=browser
    )
    await box.call("GET", opened, headers=browser)
    assert await deliveries(box) == [("email", "clicked", None)]


async def test_who_cannot_be_mailed_reads_it_in_the_inbox(box: BoxWorld) -> None:
    await box.sync(users=[{"id": "ada", "email": None}])
    await tell(box, "email")
    await box.work()
    assert await deliveries(box) == [("email", "skipped", "no address"), ("in_app", "sent", None)]
    assert box.outbox == []
    assert {row["status"] for row in await box.jobs()} == {"completed"}


async def test_a_mail_that_nobody_takes_ends_in_the_inbox(box: BoxWorld) -> None:
    await tell(box, "email")
    assert await box.step()
    (mail,) = await box.jobs(types=["send_notification_email"])
    await box.post(f"/jobs/{mail['queue_job_id']}/cancel")
    await box.work()
    (email, inbox) = await deliveries(box)
    assert email[:2] == ("email", "skipped")
    assert inbox == ("in_app", "sent", None)


async def test_an_sms_is_sent_once_to_the_verified_number(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await verified(box)
    await tell(box, "sms", "Pay “rent” – soon…")
    assert await box.step()
    assert await deliveries(box) == [("sms", "pending", None)]
    await box.work()
    assert await deliveries(box) == [("sms", "sent", None)]
    (sent,) = twilio.sent
    assert sent["To"] == "+14155552671"
    assert sent["Body"] == ('BuildOS: A task was assigned to you: Home: Pay "rent" - soon...')
    await box.recover()
    await box.work()
    assert len(twilio.sent) == 1


@pytest.mark.parametrize("answer", [(400, 21211), (400, 21610)])
async def test_an_sms_that_is_refused_ends_in_the_inbox(
    box: BoxWorld, twilio: TwilioDouble, answer: tuple[int, int]
) -> None:
    await verified(box)
    twilio.script.append(answer)
    await tell(box, "sms")
    await box.work()
    (sms, inbox) = await deliveries(box)
    assert sms[0] == "sms"
    assert sms[1] == ("skipped" if answer[1] == 21610 else "failed")
    assert sms[2]
    assert inbox == ("in_app", "sent", None)


async def test_without_a_verified_number_it_ends_in_the_inbox(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await tell(box, "sms")
    await box.work()
    assert await deliveries(box) == [
        ("sms", "skipped", "no_phone_number"),
        ("in_app", "sent", None),
    ]
    assert twilio.sent == []


async def test_without_an_account_sms_fails_at_once_and_ends_in_the_inbox(
    tmp_path: Path,
) -> None:
    async with open_world(tmp_path / "data", at=START) as box:
        await box.person()
        await tell(box, "sms")
        await box.work()
        (sms, inbox) = await deliveries(box)
        assert (sms[1], "SMS not configured" in str(sms[2])) == ("failed", True)
        assert inbox == ("in_app", "sent", None)


async def test_what_is_in_the_inbox_anyway_falls_back_to_nothing_more(box: BoxWorld) -> None:
    payload = {"message": "Card was refused"}
    await box.sync(users=[{"id": "ada", "email": None}])
    await tell(box, None, eventType="payment.failed", payload=payload)
    await box.work()
    assert sorted(await deliveries(box)) == [
        ("email", "skipped", "no address"),
        ("in_app", "sent", None),
        ("push", "skipped", "no push subscription"),
    ]
    assert len((await box.get("/users/ada/notifications"))["items"]) == 1


async def test_a_channel_that_is_asked_for_by_name_is_used_beyond_the_usual_ones(
    box: BoxWorld,
) -> None:
    wish = {"eventTypes": {"task_completed": {"email": True}}}
    await box.call("PUT", "/users/ada/notification-preferences", wish)
    await tell(box, None, eventType="task_completed")
    await tell(box, None)
    await box.work()
    assert [(channel, status) for channel, status, _ in await deliveries(box)] == [
        ("in_app", "sent"),
        ("email", "sent"),
        ("in_app", "sent"),
        ("push", "skipped"),
    ]


async def test_do_not_disturb_holds_mail_and_sms_back(box: BoxWorld, twilio: TwilioDouble) -> None:
    await verified(box)
    wish = {"dndStart": "07:00", "dndEnd": "09:00", "hourlyCap": 1}
    await box.call("PUT", "/users/ada/notification-preferences", wish)
    await tell(box, "email")
    await box.work()
    assert (box.outbox, await deliveries(box)) == ([], [("email", "pending", None)])
    await box.run_until("2024-10-23T09:00:00Z", step=timedelta(minutes=30))
    assert await deliveries(box) == [("email", "sent", None)]
    await tell(box, "sms")
    await box.work()
    assert (await deliveries(box))[1] == ("sms", "skipped", "hourly cap")
    assert twilio.sent == []


@pytest.mark.parametrize("text", [NASTY, "Größe – 家 🏠", "a\\b `c` ~d~ |e|", "&lt;", "-- \n # x"])
def test_text_stays_text_in_markdown(text: str) -> None:
    from html import unescape

    from buildos_box.mail.html import to_html

    html = to_html(as_markdown(text))
    assert unescape(html.removeprefix("<p>").removesuffix("</p>")) == text


def test_an_sms_is_cut_between_words() -> None:
    row: Any = {
        "event_type": "task.due_soon",
        "title": "Due at 10:00",
        "body": "Home: " + "water the plants and " * 20,
    }
    text = sms_text("BuildOS {}", row)
    assert len(text) <= 160
    assert text.startswith("BuildOS : Due at 10:00: Home: water")
    assert text.removesuffix("...").split()[-1] in ("water", "the", "plants", "and")


async def test_a_message_that_nobody_takes_is_told_of_once(
    box: BoxWorld, twilio: TwilioDouble
) -> None:
    await verified(box)
    twilio.script.append((400, 21211))
    body = {"userId": "ada", "message": "Bring the keys", "phoneNumber": "+14155552671"}
    await box.post("/queue/sms", body)
    await box.work()
    (item,) = (await box.get("/users/ada/notifications"))["items"]
    assert (item["eventType"], item["body"]) == ("sms.undelivered", "Bring the keys")
    assert await deliveries(box) == [
        ("in_app", "sent", None),
        ("push", "skipped", "no push subscription"),
    ]
