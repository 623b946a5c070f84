"""A user's messages over HTTP, as the frontend reads them (docs/spec.md#sms-messages)."""

from typing import Any

import pytest

from tests.world import BoxWorld

NUMBER = "+14155552671"
BOTH = {
    "scheduled_for": "scheduledFor", "message_content": "messageContent",
    "event_title": "eventTitle", "event_start": "eventStart", "event_end": "eventEnd",
    "calendar_event_id": "calendarEventId", "generated_via": "generatedVia",
    "cancellation_reason": "cancellationReason", "created_at": "createdAt",
    "updated_at": "updatedAt", "user_id": "userId", "phone_number": "phoneNumber",
    "sent_at": "sentAt", "delivered_at": "deliveredAt", "twilio_sid": "twilioSid",
    "error_code": "errorCode",
}  # fmt: skip


async def reminder(box: BoxWorld) -> Any:
    """The reminder of an event at 10:00 to 10:30, which is sent at 09:45 in Berlin's 11:45."""
    await box.person(zone="Europe/Berlin")
    wanted = {"userId": "ada", "phone_number": NUMBER, "phone_verified": True, "enabled": True}
    await box.post("/sms/scheduled", wanted)
    await box.work()
    times = {"startAt": "2024-10-23T10:00:00Z", "endAt": "2024-10-23T10:30:00Z"}
    await box.sync(events=[{"id": "e1", "userId": "ada", "title": "Standup", **times}])
    (found,) = await listed(box)
    return found


async def listed(box: BoxWorld, query: str = "") -> list[Any]:
    answer = await box.get(f"/sms/scheduled/user/ada{query}")
    assert answer["success"] is True
    assert answer["count"] == len(answer["messages"])
    assert answer["data"] == answer["messages"]
    return list(answer["data"])


async def plain(box: BoxWorld, text: str, at: str) -> str:
    body = {"userId": "ada", "message": text, "phoneNumber": NUMBER, "scheduledFor": at}
    return str((await box.post("/queue/sms", body))["smsId"])


async def test_a_message_has_each_field_in_both_spellings(box: BoxWorld) -> None:
    found = await reminder(box)
    expected = {
        "status": "scheduled",
        "scheduled_for": "2024-10-23T09:45:00.000Z",
        "message_content": "BuildOS: Standup at 12:00, in 15 min",
        "event_title": "Standup",
        "event_start": "2024-10-23T10:00:00.000Z",
        "event_end": "2024-10-23T10:30:00.000Z",
        "calendar_event_id": "e1",
        "generated_via": "template",
        "cancellation_reason": None,
        "timezone": "Europe/Berlin",
        "created_at": "2024-10-23T08:00:00.000Z",
        "user_id": "ada",
        "phone_number": None,
    }
    assert {name: found[name] for name in expected} == expected
    assert {name: found[name] for name in BOTH} == {n: found[c] for n, c in BOTH.items()}


async def test_messages_come_by_the_time_they_are_due_and_in_pages(box: BoxWorld) -> None:
    await box.person()
    late = await plain(box, "late", "2024-10-23T12:00:00Z")
    early = await plain(box, "early", "2024-10-23T09:00:00Z")
    middle = await plain(box, "middle", "2024-10-23T10:00:00Z")
    assert [m["id"] for m in await listed(box)] == [early, middle, late]
    pages, cursor = [], ""
    while cursor is not None:
        answer = await box.get("/sms/scheduled/user/ada", params={"limit": 2, "cursor": cursor})
        pages.append([message["id"] for message in answer["messages"]])
        cursor = answer["nextCursor"]
    assert pages == [[early, middle], [late]]
    assert len(await listed(box, "?limit=999999")) == 3
    assert len(await listed(box, "?limit=-5")) == 1


async def test_messages_can_be_chosen_by_status(box: BoxWorld) -> None:
    await box.person()
    first = await plain(box, "first", "2024-10-23T09:00:00Z")
    second = await plain(box, "second", "2024-10-23T10:00:00Z")
    await box.post(f"/sms/scheduled/{first}/cancel")
    assert [m["id"] for m in await listed(box, "?status=scheduled")] == [second]
    assert [m["id"] for m in await listed(box, "?status=cancelled, scheduled")] == [first, second]
    refused = await box.call("GET", "/sms/scheduled/user/ada?status=waiting")
    assert refused.status_code == 422
    assert "'waiting' is not one of scheduled, " in refused.text


async def test_a_cancel_keeps_its_reason_and_a_second_one_changes_nothing(box: BoxWorld) -> None:
    await box.person()
    sms = await plain(box, "Hello", "2024-10-23T09:00:00Z")
    done = await box.post(f"/sms/scheduled/{sms}/cancel", {"reason": "moved to next week"})
    assert (done["status"], done["cancellation_reason"]) == ("cancelled", "moved to next week")
    again = await box.post(f"/sms/scheduled/{sms}/cancel", {"reason": "another"})
    assert again == done
    job = (await box.get("/users/ada/jobs?type=send_sms"))["jobs"][0]
    assert (job["status"], job["cancel_reason"]) == ("cancelled", "moved to next week")


async def test_a_long_reason_is_cut(box: BoxWorld) -> None:
    await box.person()
    sms = await plain(box, "Hello", "2024-10-23T09:00:00Z")
    done = await box.post(f"/sms/scheduled/{sms}/cancel", {"reason": "a" * 600})
    assert done["cancellation_reason"] == "a" * 500


@pytest.mark.parametrize("reason", [None, "not needed"])
async def test_a_reminder_cancelled_by_request_is_not_planned_again(
    box: BoxWorld, reason: str | None
) -> None:
    sms = (await reminder(box))["id"]
    await box.post(f"/sms/scheduled/{sms}/cancel", {"reason": reason})
    await box.sync(events=[{"id": "e1", "title": "Standup, renamed"}])
    assert [m["status"] for m in await listed(box)] == ["cancelled"]


async def test_deleting_is_cancelling(box: BoxWorld) -> None:
    await box.person()
    sms = await plain(box, "Hello", "2024-10-23T09:00:00Z")
    for _ in range(2):
        answer = await box.call("DELETE", f"/sms/scheduled/{sms}")
        assert answer.status_code == 200
        assert answer.json()["cancellation_reason"] == "cancelled by request"
    assert (await box.call("DELETE", "/sms/scheduled/sms-none")).status_code == 404


async def test_a_change_takes_the_fields_as_they_are_stored(box: BoxWorld) -> None:
    sms = (await reminder(box))["id"]
    path = f"/sms/scheduled/{sms}/update"
    body = {
        "scheduled_for": "2024-10-23T10:50:00Z",
        "message_content": "Standup in ten minutes",
        "event_start": "2024-10-23T11:00:00Z",
        "event_end": "2024-10-23T11:30:00Z",
    }
    changed = (await box.call("PATCH", path, body)).json()
    times = {name: f"{at[:-1]}.000Z" for name, at in body.items() if name != "message_content"}
    assert {name: changed[name] for name in times} == times
    assert changed["message_content"] == "Standup in ten minutes"
    (job,) = (await box.get("/users/ada/jobs?type=send_sms&status=pending"))["jobs"]
    assert job["scheduled_for"] == times["scheduled_for"]


async def test_a_reminder_keeps_its_distance_from_an_event_that_moves(box: BoxWorld) -> None:
    sms = (await reminder(box))["id"]
    path = f"/sms/scheduled/{sms}/update"
    changed = (await box.call("PATCH", path, {"eventStart": "2024-10-23T14:00:00Z"})).json()
    assert changed["scheduled_for"] == "2024-10-23T13:45:00.000Z"
    assert changed["message"] == "BuildOS: Standup at 16:00, in 15 min"
    await box.sync(events=[{"id": "e1", "startAt": "2024-10-23T14:00:00Z", "endAt": None}])
    waiting = await listed(box, "?status=scheduled")
    assert [(m["id"], m["scheduled_for"]) for m in waiting] == [(sms, "2024-10-23T13:45:00.000Z")]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "give at least one field"),
        ({"text": "Hello"}, "give at least one field"),
        ({"message": None, "scheduled_for": ""}, "give at least one field"),
        ({"scheduled_for": "2024-10-23T07:59:59Z"}, "scheduledFor: must be in the future"),
        ({"event_start": "2024-10-23T08:05:00Z"}, "scheduledFor: must be in the future"),
        ({"scheduled_for": "2024-10-23T10:00:00Z"}, "scheduledFor: must be before the event"),
        ({"event_end": "soon"}, "eventEnd: "),
    ],
)
async def test_a_change_that_cannot_be_is_refused(
    box: BoxWorld, body: dict[str, Any], said: str
) -> None:
    before = await reminder(box)
    refused = await box.call("PATCH", f"/sms/scheduled/{before['id']}/update", body)
    assert refused.status_code == 422
    assert said in refused.text
    assert await listed(box) == [before]


async def test_only_reminders_have_an_events_times(box: BoxWorld) -> None:
    await box.person()
    sms = await plain(box, "Hello", "2024-10-23T09:00:00Z")
    body = {"event_start": "2024-10-23T11:00:00Z"}
    refused = await box.call("PATCH", f"/sms/scheduled/{sms}/update", body)
    assert (refused.status_code, "only the reminder" in refused.text) == (422, True)


async def test_a_viewer_sees_masked_numbers(box: BoxWorld) -> None:
    await box.person()
    await plain(box, "Hello", "2024-10-23T09:00:00Z")
    token = await box.token_for("viewer")
    (shown,) = (await box.get("/sms/scheduled/user/ada", token=token))["messages"]
    assert (shown["phoneNumber"], shown["phone_number"]) == ("+1415•••2671", "+1415•••2671")
