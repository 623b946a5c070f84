"""A push that failed once is tried again (docs/spec.md#first-failure-is-retried)."""

from pathlib import Path

from tests.doubles.web import Answer, Web
from tests.notifications.browser import authority, subscribe, with_push
from tests.world import BoxWorld

BODY = {
    "userId": "ada",
    "eventType": "task.assigned",
    "channel": "push",
    "payload": {"taskId": "t1", "taskName": "Pay rent"},
}


async def _statuses(box: BoxWorld) -> list[str]:
    items = (await box.get("/deliveries?channel=push"))["items"]
    return [item["status"] for item in reversed(items)]


async def _next_try(box: BoxWorld) -> None:
    (waiting,) = [row for row in await box.jobs() if row["completed_at"] is None]
    box.clock.set(waiting["scheduled_for"])
    await box.work()


async def test_a_push_that_failed_is_tried_again_until_it_is_sent(tmp_path: Path) -> None:
    busy = [Answer(503), Answer(500), Answer(429)]
    with Web(*busy, Answer(201), tls=authority(tmp_path)) as web:
        async with with_push(tmp_path, web) as box:
            await subscribe(box, web, "a")
            await box.post("/queue/notification", BODY)
            await box.work()
            for tries in (1, 2, 3):
                assert (len(web.seen), await _statuses(box)) == (tries, ["pending", "pending"])
                await _next_try(box)
            assert (len(web.seen), await _statuses(box)) == (4, ["sent", "sent"])
            (item,) = (await box.get("/deliveries?status=sent&channel=push&limit=1"))["items"]
            assert (item["attempts"], item["error"]) == (4, None)


async def test_one_that_failed_for_good_is_sent_when_it_is_asked_for_again(
    tmp_path: Path,
) -> None:
    with Web(Answer(400), Answer(201), tls=authority(tmp_path)) as web:
        async with with_push(tmp_path, web) as box:
            await subscribe(box, web, "a")
            await box.post("/queue/notification", BODY)
            await box.work()
            assert await _statuses(box) == ["failed", "failed"]
            (job,) = await box.jobs(types=["send_push"])
            await box.post(f"/jobs/{job['queue_job_id']}/retry")
            await box.work()
            assert (len(web.seen), await _statuses(box)) == (2, ["sent", "sent"])
            await box.recover()
            await box.work()
            assert len(web.seen) == 2
