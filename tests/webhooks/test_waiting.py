"""What waits for a receiver, and what becomes of it (docs/spec.md#webhook-retries)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx

from buildos_box.egress import Egress, Fetched
from buildos_box.errors import RateLimited
from buildos_box.settings import EgressSettings
from buildos_box.webhooks import secrets
from buildos_box.webhooks.sending import post
from tests.webhooks.conftest import log, notify, subscribe
from tests.webhooks.subscriber import Subscriber
from tests.world import BoxWorld


async def waiting_job(box: BoxWorld) -> Any:
    (job,) = await box.jobs(statuses=["pending"])
    return job


async def trail(box: BoxWorld, job: Any) -> list[Any]:
    return (await box.get(f"/jobs/{job['queue_job_id']}/events"))["events"]


async def test_the_job_waits_as_long_as_its_delivery_whatever_is_queued_meanwhile(
    box: BoxWorld,
) -> None:
    with Subscriber(lambda _number: 503) as one:
        await subscribe(box, one, "notification.created")
        await notify(box, "a")
        await notify(box, "b")
        job = await waiting_job(box)
        assert job["scheduled_for"] == "2024-10-23T08:00:05.000Z"
        assert "the receiver answered 503" in {event["reason"] for event in await trail(box, job)}
        # Another job may be made while the delivery still waits; it has nothing to do until then.
        await box.post(f"/jobs/{job['queue_job_id']}/cancel")
        await notify(box, "c")
        other = await waiting_job(box)
        assert other["scheduled_for"] == "2024-10-23T08:00:05.000Z"
        assert [event["to_status"] for event in await trail(box, other)] == ["pending"]
        assert len(one.seen) == 1


async def test_a_promoted_job_does_not_ask_the_receiver_earlier(box: BoxWorld) -> None:
    with Subscriber(lambda _number: 503) as one:
        await subscribe(box, one, "notification.created")
        await notify(box, "a")
        await box.post(f"/jobs/{(await waiting_job(box))['queue_job_id']}/promote")
        await box.work()
        assert len(one.seen) == 1
        assert (await waiting_job(box))["scheduled_for"] == "2024-10-23T08:00:05.000Z"


async def test_a_receiver_that_is_not_there_is_tried_again(box: BoxWorld) -> None:
    with Subscriber() as one:
        await subscribe(box, one, "notification.created")
    await notify(box, "a")
    (row,) = await log(box)
    assert (row["status"], row["httpStatus"], row["attempts"]) == ("pending", None, 1)
    assert row["nextAttemptAt"] == "2024-10-23T08:00:05.000Z"
    assert row["error"]


async def test_a_test_of_a_subscription_that_was_deleted_says_so(box: BoxWorld) -> None:
    with Subscriber() as one:
        made = await subscribe(box, one, "notification.created")
        path = f"/webhook-subscriptions/{made['id']}"
        job_id = (await box.post(f"{path}/test"))["jobId"]
        await box.call("DELETE", path)
        await box.work()
    assert one.seen == []
    job = await box.get(f"/jobs/{job_id}")
    assert (job["status"], job["error_code"]) == ("failed", "unknown_subscription")


async def test_more_than_one_attempt_delivers_go_in_their_order(box: BoxWorld) -> None:
    names = [f"{n:02}" for n in range(25)]
    with Subscriber() as one:
        await subscribe(box, one, "notification.created")
        await box.post("/queue/pause", {"lane": "webhook"})
        for name in names:
            await notify(box, name)
        await box.post("/queue/resume", {"lane": "webhook"})
        await box.work()
    assert [event.body["data"]["payload"]["taskName"] for event in one.seen] == names


class Noting(Egress):
    """Answers 200 without a connection, and notes how long each attempt may take."""

    def __init__(self, busy: bool = False) -> None:
        super().__init__(EgressSettings())
        self.busy = busy
        self.seconds: list[float] = []

    async def post(self, url: str, *, timeout: float = 0, **_more: Any) -> Fetched:
        self.seconds.append(timeout)
        if self.busy:
            raise RateLimited("too many look-ups", retry_after=timedelta(seconds=7))
        return Fetched(200, httpx.Headers(), b"")


async def test_an_attempt_may_take_15_seconds_and_a_busy_box_is_no_fault(box: BoxWorld) -> None:
    for egress in (Noting(), Noting(busy=True)):
        services = replace(box.box.services, egress=egress)
        answer = await post(
            services,
            subscription_id="s",
            url="https://receiver.example/",
            sealed_secret=secrets.sealed(services.secret, "s", secrets.new_secret()),
            event_id="e",
            body=b"{}",
        )
        assert egress.seconds == [15.0]
        assert answer.wait == (timedelta(seconds=7) if egress.busy else None)
