"""One delivery per channel, if and when it is wanted (docs/spec.md#notification-flow)."""

from datetime import timedelta
from typing import Any

import pytest

from buildos_box.operator_alert import OperatorAlert
from tests.notifications.browser import take_push
from tests.world import BoxWorld

NO_BROWSER = ("push", "skipped", "no push subscription")
TASK = {"taskId": "t1", "taskName": "Pay {0.__class__} {{7*7}}", "projectName": "Home"}


async def tell(box: BoxWorld, **more: Any) -> Any:
    body = {"userId": "ada", "eventType": "task_completed", "payload": TASK, **more}
    return await box.post("/queue/notification", body)


async def wish(box: BoxWorld, **wanted: Any) -> Any:
    answer = await box.call("PUT", "/users/ada/notification-preferences", wanted)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def deliveries(box: BoxWorld) -> list[tuple[str, str, str | None]]:
    items = (await box.get("/deliveries"))["items"]
    return [(item["channel"], item["status"], item["reason"]) for item in reversed(items)]


async def test_a_notification_comes_into_the_inbox_and_is_told_of_at_once(box: BoxWorld) -> None:
    await box.person()
    answer = await tell(box, channel="in-app")
    await box.work()
    assert await deliveries(box) == [("in_app", "sent", None)]
    inbox = await box.get("/users/ada/notifications")
    (item,) = inbox["items"]
    assert inbox["unread"] == 1
    assert (item["eventType"], item["title"]) == ("task.completed", "Task completed")
    assert item["body"] == "Home: Pay {0.__class__} {{7*7}}"
    (job,) = await box.jobs()
    assert job["queue_job_id"] == answer["jobId"]
    event = await box.db.one("SELECT * FROM realtime_events WHERE type = 'notification.created'")
    assert (event["user_id"], event["correlation_id"]) == ("ada", answer["correlationId"])


async def test_the_inbox_has_it_when_it_happens_whatever_is_paused(box: BoxWorld) -> None:
    await box.person()
    await box.post("/queue/pause", {"lane": "push"})
    await tell(box)
    await box.work()
    assert len((await box.get("/users/ada/notifications"))["items"]) == 1
    assert await deliveries(box) == [("in_app", "sent", None)]
    box.clock.advance(timedelta(days=3))
    await box.post("/queue/cleanup", {})
    await box.post("/queue/resume", {"lane": "push"})
    await box.work()
    assert await deliveries(box) == [("in_app", "sent", None)]
    assert (await box.get("/users/ada/notifications"))["unread"] == 1
    events = await box.db.all("SELECT 1 FROM realtime_events WHERE type = 'notification.created'")
    assert len(events) == 1


async def test_what_was_read_stays_when_a_newer_brief_is_told_of(box: BoxWorld) -> None:
    await box.person(at="09:00")
    await box.run_until("2024-10-23T08:58:00Z", step=timedelta(minutes=58))
    await box.post("/users/ada/notifications/read", {})
    await box.post("/queue/brief", {"userId": "ada", "forceRegenerate": True})
    await box.work()
    inbox = await box.get("/users/ada/notifications")
    assert (len(inbox["items"]), inbox["unread"]) == (2, 1)


async def paused_for(box: BoxWorld, hours: float) -> list[tuple[str, str, str | None]]:
    """The deliveries of a push message whose lane was paused for so long, before it is sent."""
    await box.person()
    await take_push(box)
    await box.post("/queue/pause", {"lane": "push"})
    await tell(box, eventType="task.assigned", channel="push")
    box.clock.advance(timedelta(hours=hours))
    await box.post("/queue/resume", {"lane": "push"})
    await box.step()
    return await deliveries(box)


async def test_a_notification_is_worth_sending_for_a_day(box: BoxWorld) -> None:
    channel, browser = await paused_for(box, 23.9)
    assert channel == browser == ("push", "pending", None)


async def test_what_has_expired_is_in_the_inbox(box: BoxWorld) -> None:
    assert await paused_for(box, 24) == [("push", "skipped", "expired"), ("in_app", "sent", None)]
    assert len((await box.get("/users/ada/notifications"))["items"]) == 1


async def test_what_the_cleanup_cancels_is_in_the_inbox(box: BoxWorld) -> None:
    await box.person()
    await take_push(box)
    await box.post("/queue/pause", {"lane": "push"})
    await tell(box, eventType="payment.failed", payload={}, channel="push")
    box.clock.advance(timedelta(hours=25))
    await box.post("/queue/cleanup", {})
    assert await deliveries(box) == [("push", "skipped", "stale"), ("in_app", "sent", None)]


async def test_what_was_sent_is_kept_with_the_job(box: BoxWorld) -> None:
    await box.person()
    answer = await tell(box, channel="in-app", metadata={"from": "web"})
    requested = (await box.get(f"/jobs/{answer['jobId']}"))["metadata"]["requested"]
    assert (requested["eventType"], requested["channel"]) == ("task_completed", "in-app")
    assert requested["metadata"] == {"from": "web"}


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"eventType": "task.exploded"}, "eventType"),
        ({"channel": "pigeon"}, "channel"),
        ({"payload": {}}, "payload"),
    ],
)
async def test_what_cannot_be_told_is_refused(
    box: BoxWorld, changed: dict[str, Any], field: str
) -> None:
    await box.person()
    body = {"userId": "ada", "eventType": "task.completed", "payload": TASK, **changed}
    answer = await box.call("POST", "/queue/notification", body)
    assert answer.status_code == 422
    assert [detail["field"] for detail in answer.json()["details"]] == [field]
    assert await box.jobs() == []


async def test_reading_marks_once_and_only_ones_own(box: BoxWorld) -> None:
    await box.person("ada")
    await box.person("bob")
    await tell(box, channel="in_app")
    await tell(box, channel="in_app")
    await box.work()
    bob = await box.token_for("user:bob")
    answer = await box.call("POST", "/users/ada/notifications/read", {}, token=bob)
    assert answer.status_code == 404
    first = (await box.get("/users/ada/notifications"))["items"][0]["id"]
    mine = await box.post("/users/bob/notifications/read", {"ids": [first]}, token=bob)
    assert mine["marked"] == 0
    assert (await box.post("/users/ada/notifications/read", {"ids": [first]}))["marked"] == 1
    assert (await box.post("/users/ada/notifications/read", {}))["marked"] == 1
    assert (await box.post("/users/ada/notifications/read", {}))["marked"] == 0
    assert (await box.get("/users/ada/notifications?unread=true"))["items"] == []
    page = await box.get("/users/ada/notifications?limit=1")
    rest = await box.get(f"/users/ada/notifications?limit=1&cursor={page['nextCursor']}")
    assert [item["id"] for item in page["items"]] == [first]
    assert rest["nextCursor"] is None


async def test_what_is_not_wanted_is_skipped_with_its_reason(box: BoxWorld) -> None:
    """Preference skips recorded as failures."""
    await box.person()
    await wish(box, eventTypes={"task_completed": {"in-app": False}})
    await tell(box, channel="in_app")
    await tell(box, eventType="error.critical", payload={"message": "fire"}, channel="in_app")
    await box.work()
    assert await deliveries(box) == [
        ("in_app", "skipped", "in_app is off for task.completed"),
        ("in_app", "skipped", "only for admins"),
    ]
    assert [job["status"] for job in await box.jobs()] == ["completed", "completed"]
    assert (await box.get("/users/ada/notifications"))["items"] == []


async def test_without_a_browser_push_is_skipped_without_a_job_and_the_inbox_gets_it(
    box: BoxWorld,
) -> None:
    await box.person()
    answer = await tell(box, channel="push")
    assert answer["jobs"] == {"in_app": answer["jobId"]}
    assert len(await box.jobs()) == 1
    await box.work()
    assert await deliveries(box) == [NO_BROWSER, ("in_app", "sent", None)]


async def test_who_wants_no_push_and_has_no_browser_gets_nothing_instead(box: BoxWorld) -> None:
    await box.person()
    await wish(box, push=False)
    answer = await tell(box, channel="push")
    assert (answer["jobId"], answer["jobs"]) == (None, {})
    assert await deliveries(box) == [("push", "skipped", "push is off for task.completed")]


async def test_do_not_disturb_defers_push_but_never_the_inbox(box: BoxWorld) -> None:
    await box.person(zone="Europe/Vienna")
    await take_push(box)
    await wish(box, dndStart="22:00", dndEnd="11:30")
    await tell(box, channel="push")
    await tell(box, channel="in_app")
    await box.work()
    assert await deliveries(box) == [("push", "pending", None), ("in_app", "sent", None)]
    waiting = (await box.jobs())[0]
    assert (waiting["status"], waiting["scheduled_for"]) == ("pending", "2024-10-23T09:30:00.000Z")


async def test_what_would_be_stale_after_do_not_disturb_is_skipped(box: BoxWorld) -> None:
    await box.person()
    await wish(box, dndStart="07:00", dndEnd="12:00")
    await tell(box, eventType="task.due_soon", channel="push")
    await box.work()
    assert await deliveries(box) == [("push", "skipped", "stale after do-not-disturb")]


async def test_wishes_are_kept_completed_and_checked(box: BoxWorld) -> None:
    await box.person()
    wanted = await wish(box, push=False, dndStart="22:00", dndEnd="07:00", dailyCap=None)
    assert (wanted["push"], wanted["inApp"], wanted["dailyCap"]) == (False, True, None)
    assert await wish(box, dndStart=None, dndEnd=None) == {
        **wanted,
        "dndStart": None,
        "dndEnd": None,
    }
    for wrong in ({"dndStart": "22:00"}, {"dndStart": "25:00", "dndEnd": "1"}, {"push": "yes"}):
        answer = await box.call("PUT", "/users/ada/notification-preferences", wrong)
        assert answer.status_code == 422


async def test_a_brief_and_its_notification_are_one_commit(box: BoxWorld) -> None:
    """Brief completed but notification lost."""
    await box.person()
    await box.post("/queue/brief", {"userId": "ada"})
    assert await box.step()
    (brief,) = (await box.get("/users/ada/briefs"))["briefs"]
    assert brief["generationStatus"] == "completed"
    assert await deliveries(box) == [("in_app", "sent", None), NO_BROWSER]
    await box.recover()
    await box.work()
    (item,) = (await box.get("/users/ada/notifications"))["items"]
    assert (item["eventType"], item["payload"]["briefId"]) == ("brief.completed", brief["id"])


async def test_a_brief_written_anew_before_its_hour_is_told_of_once(box: BoxWorld) -> None:
    await box.person(at="09:00")
    await box.run_until("2024-10-23T08:58:00Z", step=timedelta(minutes=58))
    assert await deliveries(box) == [("in_app", "sent", None), NO_BROWSER]
    await box.post("/queue/brief", {"userId": "ada", "forceRegenerate": True})
    await box.run_until("2024-10-23T09:05:00Z")
    assert await deliveries(box) == [
        ("in_app", "sent", None),
        NO_BROWSER,
        ("in_app", "sent", None),
        NO_BROWSER,
    ]
    assert len((await box.get("/users/ada/notifications"))["items"]) == 1


async def test_alerts_come_into_the_inbox_of_admins_alone(box: BoxWorld) -> None:
    await box.sync(
        users=[
            {"id": "root", "email": "root@example.org", "name": "Root", "isAdmin": True},
            {"id": "ada", "email": "ada@example.org", "name": "Ada"},
        ]
    )
    for kind in ("oldest_runnable", "sms_failures"):
        await box.db.write(lambda tx, kind=kind: tx.announce(OperatorAlert(kind, f"{kind}!")))
    await box.work()
    inbox = (await box.get("/users/root/notifications"))["items"]
    assert [(item["eventType"], item["body"]) for item in reversed(inbox)] == [
        ("queue.alert", "oldest_runnable!"),
        ("sms.alert", "sms_failures!"),
    ]
    assert (await box.get("/users/ada/notifications"))["items"] == []


async def test_a_users_token_sees_its_own_deliveries_and_may_not_queue(box: BoxWorld) -> None:
    await box.person("ada")
    await box.person("bob")
    await tell(box, channel="in_app")
    bob = await box.token_for("user:bob")
    assert (await box.get("/deliveries", token=bob))["items"] == []
    assert (await box.call("GET", "/deliveries?user=ada", token=bob)).status_code == 404
    body = {"userId": "bob", "eventType": "task.completed", "payload": TASK}
    assert (await box.call("POST", "/queue/notification", body, token=bob)).status_code == 403
