"""`chat` is a channel like the others (docs/spec.md#chat-channel)."""

from datetime import timedelta
from typing import Any

from buildos_box.clock import from_text
from tests.chat.conftest import deliveries, tell, use
from tests.doubles.chat import NtfyDouble, Trouble
from tests.world import BoxWorld

FORBIDDEN = {"code": 40301, "http": 403, "error": "forbidden"}


async def prefer(box: BoxWorld, **wanted: Any) -> None:
    answer = await box.call("PUT", "/users/ada/notification-preferences", wanted)
    assert answer.status_code == 200, answer.text


async def test_what_is_pushed_goes_to_the_chat_too_once_an_address_is_confirmed(
    box: BoxWorld, ntfy: NtfyDouble
) -> None:
    await tell(box, channel=None)
    await box.work()
    assert await deliveries(box) == []
    await use(box, "ntfy", "ada-1")
    await tell(box, channel=None)
    await tell(box, channel=None, eventType="task.completed")
    await box.work()
    assert [sent["title"] for sent in ntfy.taken] == ["A task was assigned to you"]
    await prefer(box, chat=False)
    await tell(box, channel=None)
    await box.work()
    assert (await deliveries(box))[-1] == ("skipped", "chat is off for task.assigned")


async def test_a_brief_comes_in_its_short_form(box: BoxWorld, ntfy: NtfyDouble) -> None:
    await use(box, "ntfy", "ada-1")
    await box.project("ada", "Launch")
    await box.post("/queue/brief", {"userId": "ada"})
    await box.work()
    (sent,) = ntfy.taken
    assert sent["title"] == "Task 0"
    assert sent["message"].endswith("https://box.example/app/#brief-2024-10-23")
    assert len(sent["message"].splitlines()) == 2


async def test_it_keeps_to_do_not_disturb(box: BoxWorld, ntfy: NtfyDouble) -> None:
    await use(box, "ntfy", "ada-1")
    await prefer(box, dndStart="07:00", dndEnd="09:30")
    await tell(box)
    await box.run_until("2024-10-23T09:29:00Z", step=timedelta(minutes=29))
    assert ntfy.taken == []
    await box.run_until("2024-10-23T09:31:00Z")
    assert len(ntfy.taken) == 1


async def test_it_keeps_to_the_caps(box: BoxWorld, ntfy: NtfyDouble) -> None:
    await use(box, "ntfy", "ada-1")
    await prefer(box, hourlyCap=1)
    for _ in range(2):
        await tell(box)
        await box.work()
    assert len(ntfy.taken) == 1
    assert (await deliveries(box))[-1] == ("skipped", "hourly cap")


async def test_a_channel_that_fails_gives_way_to_the_next_of_the_order(
    box: BoxWorld, ntfy: NtfyDouble
) -> None:
    await use(box, "ntfy", "ada-1")
    await prefer(box, fallback=["chat", "email"])
    await tell(box, channel="push")
    await box.work()
    assert len(ntfy.taken) == 1
    assert box.outbox == []
    ntfy.troubles = [Trouble(403, FORBIDDEN)]
    await tell(box, channel="push")
    await box.work()
    assert [mail["Subject"] for mail in box.outbox] == ["A task was assigned to you"]
    inbox = (await box.get("/users/ada/notifications"))["items"]
    assert len(inbox) == 2


async def test_the_order_passes_over_what_is_unwanted_and_what_reaches_nobody(
    box: BoxWorld, ntfy: NtfyDouble
) -> None:
    await prefer(box, fallback=["chat", "push", "email"])
    await tell(box, channel="push")
    await box.work()
    assert (len(ntfy.taken), len(box.outbox)) == (0, 1)
    await use(box, "ntfy", "ada-1")
    await prefer(box, email=False, fallback=["email", "chat"])
    await tell(box, channel="push")
    await box.work()
    assert (len(ntfy.taken), len(box.outbox)) == (1, 1)
    assert len(await deliveries(box, "email")) == 1


async def test_without_an_order_the_inbox_is_all(box: BoxWorld, ntfy: NtfyDouble) -> None:
    await use(box, "ntfy", "ada-1")
    ntfy.troubles = [Trouble(403, FORBIDDEN)]
    await tell(box)
    await box.work()
    assert box.outbox == []
    assert await deliveries(box, "in_app") == [("sent", None)]


async def test_an_order_names_each_channel_once(box: BoxWorld) -> None:
    for wrong in (["chat", "chat"], ["in_app"], ["pigeon"]):
        answer = await box.call("PUT", "/users/ada/notification-preferences", {"fallback": wrong})
        assert answer.status_code == 422, wrong


async def remind(box: BoxWorld, at: str = "2024-10-23T10:00:00Z") -> None:
    await box.post("/sms/scheduled", {"userId": "ada", "enabled": True, "reminder_channel": "chat"})
    await box.sync(
        events=[{"id": "dentist", "userId": "ada", "title": "Dentist", "startAt": at,
                 "location": "Main St 1"}]
    )  # fmt: skip


async def test_a_reminder_goes_to_the_chat_without_a_twilio_account(
    box: BoxWorld, ntfy: NtfyDouble
) -> None:
    await use(box, "ntfy", "ada-1")
    await remind(box)
    (expected,) = (await box.get("/schedule/forecast?user=ada"))["deliveries"]
    assert (expected["channel"], expected["outcome"]) == ("chat", "send")
    await box.run_until("2024-10-23T09:44:00Z", step=timedelta(minutes=26))
    assert ntfy.taken == []
    await box.run_until("2024-10-23T09:46:00Z")
    (sent,) = ntfy.taken
    assert "Dentist" in sent["title"]
    assert "10:00" in sent["title"]
    assert sent["message"] == "Main St 1\nhttps://box.example/app/#event-dentist"
    (row,) = (await box.get("/sms/scheduled/user/ada"))["messages"]
    assert (row["status"], row["channel"], row["twilio_sid"]) == ("sent", "chat", None)
    assert await deliveries(box) == [("sent", None)]


async def test_a_moved_event_moves_its_reminder_in_the_chat(
    box: BoxWorld, ntfy: NtfyDouble
) -> None:
    await use(box, "ntfy", "ada-1")
    await remind(box)
    await box.work()
    await remind(box, "2024-10-23T12:00:00Z")
    await box.run_until("2024-10-23T11:00:00Z", step=timedelta(minutes=30))
    assert ntfy.taken == []
    await box.run_until("2024-10-23T11:46:00Z", step=timedelta(minutes=23))
    assert len(ntfy.taken) == 1


async def test_a_reminder_is_planned_when_the_address_is_confirmed(
    box: BoxWorld, ntfy: NtfyDouble
) -> None:
    await remind(box)
    await box.run_until("2024-10-23T09:00:00Z", step=timedelta(minutes=30))
    (expected,) = (await box.get("/schedule/forecast?user=ada"))["deliveries"]
    assert (expected["outcome"], expected["reason"]) == ("skip", "no_chat_address")
    await use(box, "ntfy", "ada-1")
    await box.run_until("2024-10-23T09:46:00Z", step=timedelta(minutes=23))
    assert len(ntfy.taken) == 1


async def test_operators_see_a_reminder_once(box: BoxWorld, ntfy: NtfyDouble) -> None:
    await use(box, "ntfy", "ada-1")
    await remind(box)
    await box.run_until("2024-10-23T09:46:00Z", step=timedelta(minutes=53))
    items = (await box.get("/messages?user=ada"))["items"]
    assert [(one["channel"], one["kind"]) for one in items] == [("chat", "event.reminder")]
    (person,) = (await box.get("/people"))["items"]
    assert "chat" in person["channels"]


async def test_a_reminder_that_fails_goes_by_mail_if_the_person_wants_that(
    box: BoxWorld, ntfy: NtfyDouble
) -> None:
    await use(box, "ntfy", "ada-1")
    await prefer(box, fallback=["email"])
    await remind(box)
    ntfy.troubles = [Trouble(403, FORBIDDEN)]
    await box.run_until("2024-10-23T09:46:00Z", step=timedelta(minutes=53))
    (mail,) = box.outbox
    assert "Dentist" in mail["Subject"]


async def test_a_reminder_that_is_retried_does_not_come_after_its_event(
    box: BoxWorld, ntfy: NtfyDouble
) -> None:
    await use(box, "ntfy", "ada-1")
    await remind(box)
    ntfy.troubles = [Trouble(503, {}, times=1000)]
    await box.run_until("2024-10-23T10:30:00Z", step=timedelta(minutes=1))
    assert ntfy.taken == []
    ((status, _),) = await deliveries(box)
    assert status in ("failed", "skipped")
    assert box.clock.now() >= from_text("2024-10-23T10:30:00Z")
