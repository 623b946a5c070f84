"""An unwanted delivery is skipped, not failed (docs/spec.md#skips-are-no-failures)."""

from pathlib import Path

from tests.doubles.web import Answer, Web
from tests.notifications.browser import authority, subscribe, with_push


async def test_a_skip_is_no_failure_of_job_or_delivery_and_raises_no_alert(
    tmp_path: Path,
) -> None:
    with Web(Answer(201), tls=authority(tmp_path)) as web:
        async with with_push(tmp_path, web) as box:
            await subscribe(box, web, "a")
            wish = {"push": False, "eventTypes": {"task.assigned": {"email": False, "sms": False}}}
            await box.call("PUT", "/users/ada/notification-preferences", wish)
            for n in range(4):
                for channel in ("push", "email", "sms"):
                    payload = {"taskId": f"t{n}", "taskName": "Pay rent"}
                    body = {"userId": "ada", "eventType": "task.assigned", "payload": payload}
                    await box.post("/queue/notification", {**body, "channel": channel})
            await box.tick()
            items = (await box.get("/deliveries"))["items"]
            assert {(item["status"], item["error"]) for item in items} == {("skipped", None)}
            assert {item["reason"] for item in items} == {
                "push is off for task.assigned",
                "email is off for task.assigned",
                "sms is off for task.assigned",
            }
            assert {row["status"] for row in await box.jobs()} == {"completed"}
            assert len(await box.jobs()) == len(items) == 12
            alerts = "SELECT 1 FROM realtime_events WHERE type = 'queue.alert'"
            assert await box.db.all(alerts) == []
            assert (web.seen, box.outbox) == ([], [])
