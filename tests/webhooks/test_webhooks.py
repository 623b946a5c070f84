"""Subscriptions, and what is delivered to them (docs/spec.md#webhooks)."""

from datetime import timedelta
from typing import Any

import pytest

from buildos_box.db import Tx
from buildos_box.webhooks import store
from buildos_box.webhooks.job import DISABLED_AFTER, PAUSES, TRIED_FOR, next_attempt
from buildos_box.webhooks.subscribers import subscribers
from tests.webhooks.conftest import NOW, START, log, notify, subscribe
from tests.webhooks.subscriber import Subscriber
from tests.world import BoxWorld


async def test_a_brief_arrives_whole_and_signed(box: BoxWorld) -> None:
    with Subscriber() as one:
        made = await subscribe(box, one, "brief.completed", "email.sent")
        await box.post("/queue/brief", {"userId": "ada"}, headers={"X-Correlation-ID": "corr-7"})
        await box.work()
        events = {event.body["type"]: event for event in one.seen}
    assert all(event.genuine and event.id == event.body["id"] for event in one.seen)
    brief = await box.get("/users/ada/briefs/2024-10-23")
    sent = events["brief.completed"].body
    assert (sent["userId"], sent["correlationId"]) == ("ada", "corr-7")
    assert sent["data"]["briefId"] == brief["id"]
    assert sent["data"]["brief"].pop("summaryHtml").startswith("<h1>")
    assert sent["data"]["brief"] == brief
    mail = events["email.sent"].body["data"]["email"]
    assert (mail["status"], mail["briefId"]) == ("sent", brief["id"])
    listed = await log(box)
    assert [(row["status"], row["httpStatus"], row["attempts"]) for row in listed] == [
        ("sent", 200, 1)
    ] * 2
    assert {row["subscriptionId"] for row in listed} == {made["id"]}
    assert {row["eventId"] for row in listed} == {event.id for event in one.seen}


async def test_phases_onboarding_and_jobs_arrive_whole(box: BoxWorld) -> None:
    with Subscriber() as one:
        await subscribe(box, one, "phases.ready", "onboarding.completed", "job.updated")
        project = await box.project("ada", tasks=3)
        await box.post("/queue/phases", {"userId": "ada", "projectId": project})
        await box.post("/queue/onboarding", {"userId": "ada", "userContext": {"name": "Ada"}})
        await box.work()
    by_type: dict[str, list[Any]] = {}
    for event in one.seen:
        by_type.setdefault(event.body["type"], []).append(event.body["data"])
    (phases,), (onboarding,) = by_type["phases.ready"], by_type["onboarding.completed"]
    assert phases["phases"] == await box.get(f"/projects/{project}/phases")
    assert onboarding["onboarding"] == await box.get("/users/ada/onboarding")
    states = [
        data["job"]["status"]
        for data in by_type["job.updated"]
        if data["job"]["job_type"] == "generate_phases"
    ]
    assert states == ["pending", "processing", "completed"]
    for last in {data["job"]["id"]: data["job"] for data in by_type["job.updated"]}.values():
        assert last == await box.get(f"/jobs/{last['id']}")
        assert last["queue_job_id"] == last["id"]
    assert "deliver_webhooks" not in {data["job"]["job_type"] for data in by_type["job.updated"]}


async def test_a_failed_job_arrives_with_its_error_as_it_was_at_that_moment(box: BoxWorld) -> None:
    with Subscriber() as one:
        await subscribe(box, one, "job.updated", "job.progress")
        body = {"userId": "ada", "message": "Hello", "phoneNumber": "+14155552671"}
        job_id = (await box.post("/queue/sms", body))["jobId"]
        await box.work()
    own = [e.body["data"]["job"] for e in one.seen if e.body["data"]["job"]["id"] == job_id]
    assert [job["status"] for job in own] == ["pending", "processing", "failed"]
    assert own[-1] == await box.get(f"/jobs/{job_id}")
    assert own[-1]["error_message"] == own[-1]["error"] == "SMS not configured"
    assert own[-1]["processed_at"] == own[-1]["completed_at"] == "2024-10-23T08:00:00.000Z"
    assert own[0]["error_kind"] is None
    assert (own[-1]["error_kind"], own[-1]["lane"]) == ("permanent", "sms")
    assert own[-1]["metadata"]["phone_number"] == "+14155552671"


async def test_progress_arrives_with_the_whole_job(box: BoxWorld) -> None:
    with Subscriber() as one:
        await subscribe(box, one, "job.progress")
        job_id = (await box.post("/queue/brief", {"userId": "ada"}))["jobId"]
        await box.work()
    jobs = [e.body["data"]["job"] for e in one.seen if e.body["data"]["job"]["id"] == job_id]
    assert jobs
    assert jobs[0].keys() == (await box.get(f"/jobs/{job_id}")).keys()
    assert jobs[0]["progress"]["total"] == 100


async def test_messages_notifications_and_mails_arrive_whole(box: BoxWorld) -> None:
    with Subscriber() as one:
        await subscribe(box, one, "sms.updated", "notification.created", "email.sent")
        body = {"userId": "ada", "message": "Hello", "phoneNumber": "+14155552671"}
        headers = {"X-Correlation-ID": "corr-9"}
        await box.post("/queue/sms", body, headers=headers)
        await box.work()
        await notify(box, "a")
        await box.post("/queue/brief", {"userId": "ada"}, headers=headers)
        await box.work()
    last = {event.body["type"]: event.body for event in one.seen}
    (sms,) = (await box.get("/sms/scheduled/user/ada"))["data"]
    assert last["sms.updated"]["data"]["sms"] == sms
    assert sms["message_content"] == "Hello"
    notified = {row["id"]: row for row in (await box.get("/users/ada/notifications"))["items"]}
    told = [e.body["data"] for e in one.seen if e.body["type"] == "notification.created"]
    assert [data["notification"] == notified[data["id"]] for data in told] == [True] * len(told)
    assert len(told) >= 2
    (mail,) = (await box.get("/users/ada/emails"))["items"]
    assert last["email.sent"]["data"]["email"] == mail
    assert last["email.sent"]["correlationId"] == "corr-9"


async def test_an_object_that_was_deleted_before_is_null(box: BoxWorld) -> None:
    with Subscriber() as one:
        await subscribe(box, one, "notification.created")
        await box.post("/queue/pause", {"lane": "webhook"})
        await notify(box, "a")
        await box.db.write(lambda tx: tx.execute("DELETE FROM notifications"))
        await box.post("/queue/resume", {"lane": "webhook"})
        await box.work()
    (event,) = one.seen
    assert event.body["data"]["notification"] is None
    assert event.body["data"]["payload"]["taskName"] == "a"


async def test_nothing_is_stored_for_events_without_a_subscriber(box: BoxWorld) -> None:
    with Subscriber() as one:
        await subscribe(box, one, "brief.failed")
        await notify(box, "a")
    assert await box.db.all("SELECT * FROM webhook_events") == []
    assert one.seen == []


async def test_retries_keep_the_id_and_the_bytes_and_pause_longer_each_time(
    box: BoxWorld,
) -> None:
    with Subscriber(lambda number: 503 if number < 3 else 200) as one:
        await subscribe(box, one, "notification.created")
        await notify(box, "a")
        await notify(box, "b")
        assert [event.status for event in one.seen] == [503]
        assert (await log(box, status="pending"))[-1]["nextAttemptAt"].endswith("08:00:05.000Z")
        await box.db.write(lambda tx: tx.execute("DELETE FROM notifications"))
        await box.run_until("2024-10-23T08:10:00Z")
    assert [event.status for event in one.seen] == [503, 503, 503, 200, 200]
    assert len(set(one.raw[:4])) == len({event.id for event in one.seen[:4]}) == 1
    names = [event.body["data"]["payload"]["taskName"] for event in one.accepted]
    assert names == ["a", "b"]
    assert all(event.genuine for event in one.seen)


async def test_another_users_events_do_not_wait_for_a_failing_one(box: BoxWorld) -> None:
    with Subscriber() as one:
        one.answer = lambda number: 500 if number == 0 else 200
        await subscribe(box, one, "notification.created")
        await notify(box, "a")
        await box.person("bob")
        await notify(box, "b", "bob")
    assert [event.body["userId"] for event in one.accepted] == ["bob"]


async def test_after_24_hours_an_event_is_given_up_and_the_next_one_follows(
    box: BoxWorld,
) -> None:
    with Subscriber(lambda _number: 404) as one:
        await subscribe(box, one, "notification.created")
        await notify(box, "a")
        await notify(box, "b")
        await box.run_until("2024-10-24T08:00:00Z", step=timedelta(minutes=5))
        rows = await log(box)
        assert [row["status"] for row in rows] == ["pending", "failed"]
        failed = rows[1]
        assert (failed["attempts"], failed["httpStatus"]) == (len(PAUSES) + 1, 404)
        assert failed["error"] == "the receiver answered 404"
        one.answer = lambda _number: 200
        await box.run_until("2024-10-24T20:00:00Z", step=timedelta(minutes=30))
    assert [event.body["data"]["payload"]["taskName"] for event in one.accepted] == ["b"]


def test_the_pauses_grow_and_end_within_24_hours() -> None:
    assert list(PAUSES) == sorted(set(PAUSES))
    assert timedelta(hours=23) < sum(PAUSES, timedelta(0)) <= TRIED_FOR
    hour = timedelta(hours=1)
    assert next_attempt(0, None, None, NOW) == NOW + PAUSES[0]
    assert next_attempt(0, None, hour, NOW) == NOW + hour
    assert next_attempt(0, None, 99 * hour, NOW) == NOW + TRIED_FOR
    assert next_attempt(len(PAUSES), START, None, NOW) is None


async def test_after_five_days_of_failure_it_is_disabled_with_an_alert_and_a_test_enables_it(
    box: BoxWorld,
) -> None:
    await box.sync(users=[{"id": "root", "name": "Root", "timezone": "UTC", "isAdmin": True}])
    with Subscriber(lambda _number: 500) as one:
        made = await subscribe(box, one, "notification.created")
        path = f"/webhook-subscriptions/{made['id']}"
        await notify(box, "a")
        box.clock.set(NOW + DISABLED_AFTER - timedelta(minutes=1))
        await box.work()
        assert (await box.get(path))["status"] == "active"
        box.clock.set(NOW + DISABLED_AFTER)
        await notify(box, "b")
        await box.work()
        view = await box.get(path)
        assert (view["status"], view["failingSince"]) == ("disabled", "2024-10-23T08:00:00.000Z")
        alerts = await box.db.all(
            "SELECT data FROM realtime_events WHERE type = 'queue.alert' AND data LIKE '%webhook%'"
        )
        assert len(alerts) == 1
        assert made["id"] in alerts[0]["data"]
        assert "secret-path" not in alerts[0]["data"]
        await notify(box, "c")
        count = len(one.seen)
        refused = await box.call("POST", f"{path}/replay", {"since": START})
        assert refused.status_code == 409
        one.answer = lambda _number: 200
        await box.post(f"{path}/test")
        await box.work()
        assert one.seen[count].body["type"] == "webhook.test"
        assert (await box.get(path))["status"] == "active"
        box.clock.set(NOW + DISABLED_AFTER + timedelta(minutes=1))
        await box.post(f"{path}/replay", {"since": START})
        await box.work()
    payloads = [event.body["data"]["payload"] for event in one.accepted[1:]]
    names = [payload["taskName"] for payload in payloads if "taskName" in payload]
    assert set(names) == {"a", "b", "c"}
    assert (await box.get(path))["pending"] == 0


async def test_a_receiver_that_is_gone_is_disabled_at_once(box: BoxWorld) -> None:
    with Subscriber(lambda _number: 410) as one:
        made = await subscribe(box, one, "notification.created")
        await notify(box, "a")
        await box.run_until("2024-10-23T08:05:00Z")
    assert len(one.seen) == 1
    view = await box.get(f"/webhook-subscriptions/{made['id']}")
    assert (view["status"], view["lastError"]) == ("disabled", "the receiver answered 410")


async def test_a_receiver_that_asks_for_a_pause_gets_it(box: BoxWorld) -> None:
    with Subscriber(lambda _number: 429, headers={"Retry-After": "600"}) as one:
        await subscribe(box, one, "notification.created")
        await notify(box, "a")
        (row,) = await log(box)
    assert row["nextAttemptAt"] == "2024-10-23T08:10:00.000Z"


async def test_a_range_is_replayed_in_order_under_the_same_ids(box: BoxWorld) -> None:
    with Subscriber() as one:
        made = await subscribe(box, one, "notification.created")
        for minute, name in enumerate("abcd"):
            box.clock.set(NOW + timedelta(minutes=minute))
            await notify(box, name)
        before = [event.id for event in one.seen]
        body = {"since": "2024-10-23T08:01:00Z", "until": "2024-10-23T08:03:00Z"}
        answer = await box.post(f"/webhook-subscriptions/{made['id']}/replay", body)
        await box.work()
    assert answer == {"success": True, "events": 2}
    assert [event.id for event in one.seen] == [*before, *before[1:3]]
    assert len(await log(box)) == 4


async def test_the_secret_and_the_address_are_not_shown_again(box: BoxWorld) -> None:
    with Subscriber() as one:
        made = await subscribe(box, one, "notification.created")
        await notify(box, "a")
        token = await box.token_for("service")
        listed = await box.get("/webhook-subscriptions", token=token)
        shown = f"{listed}{await log(box)}{await box.get('/messages?channel=webhook')}"
        stored = await box.db.one("SELECT sealed_secret FROM webhook_subscriptions")
    assert made["secret"].startswith("whsec_")
    assert made["secret"] not in shown + stored["sealed_secret"]
    assert "secret-path" not in shown
    assert listed["items"][0]["url"] == f"http://127.0.0.1:{one.port}/…"
    (message,) = (await box.get("/messages?channel=webhook"))["items"]
    assert (message["status"], message["kind"]) == ("sent", "notification.created")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"events": []}, "events"),
        ({"events": ["brief.begun"]}, "events"),
        ({"url": "ftp://x.example/"}, "url"),
        ({"url": "https://10.0.0.1/hook"}, "url"),
        ({"url": "https://a.example/" + "a" * 2000}, "url"),
        ({"secret": "short"}, "secret"),
        ({"secret": "whsec_c2hvcnQ="}, "secret"),
    ],
)
async def test_what_cannot_be_subscribed_is_refused_by_its_field(
    box: BoxWorld, change: dict[str, Any], field: str
) -> None:
    asked = {"url": "http://127.0.0.1:9/", "events": ["brief.completed"]} | change
    answer = await box.call("POST", "/webhook-subscriptions", asked)
    assert answer.status_code == 422, answer.text
    assert answer.json()["details"][0]["field"] == field


async def test_a_deleted_subscription_gets_nothing_more(box: BoxWorld) -> None:
    with Subscriber(lambda _number: 500) as one:
        made = await subscribe(box, one, "notification.created")
        await notify(box, "a")
        path = f"/webhook-subscriptions/{made['id']}"
        assert (await box.call("DELETE", path)).status_code == 204
        assert (await box.call("DELETE", path)).status_code == 404
        await box.run_until("2024-10-23T08:05:00Z")
    assert len(one.seen) == 1
    assert await log(box) == []


async def test_a_deleted_users_events_are_erased(box: BoxWorld) -> None:
    with Subscriber(lambda _number: 500) as one:
        await subscribe(box, one, "notification.created")
        await notify(box, "a")
        assert (await box.call("DELETE", "/users/ada")).status_code in (200, 204)
    assert await box.db.all("SELECT * FROM webhook_events WHERE user_id = 'ada'") == []
    assert await box.db.all("SELECT * FROM webhook_deliveries WHERE user_id = 'ada'") == []


async def test_the_log_is_filtered_and_is_for_operators(box: BoxWorld) -> None:
    with Subscriber() as one:
        await subscribe(box, one, "notification.created")
        await notify(box, "a")
    assert len(await log(box, status="sent", type="notification.created", user="ada")) == 1
    assert await log(box, status="failed") == []
    for query in ("channel=webhook,email", "channel=webhook&status=opened"):
        assert (await box.call("GET", f"/deliveries?{query}")).status_code == 422
    own = await box.token_for("user:ada")
    refused = await box.call("GET", "/deliveries?channel=webhook", token=own)
    assert refused.status_code == 403


async def test_old_events_are_deleted_and_waiting_ones_get_a_job(box: BoxWorld) -> None:
    with Subscriber(lambda number: 500 if number == 0 else 200) as one:
        await subscribe(box, one, "notification.created")
        await notify(box, "a")
        (job,) = await box.jobs(statuses=["pending"])
        await box.post(f"/jobs/{job['queue_job_id']}/cancel")
        box.clock.set(NOW + timedelta(hours=1))
        await box.box.cron_registry.run_due("webhooks_cleanup", box.box.services)
        await box.work()
        assert [event.status for event in one.seen] == [500, 200]
        box.clock.set(NOW + timedelta(days=31))
        await box.box.cron_registry.run_due("webhooks_cleanup", box.box.services)
    assert await log(box) == []


async def test_who_subscribes_later_gets_what_comes_later(box: BoxWorld) -> None:
    await notify(box, "unheard")
    with Subscriber() as one:
        made = await subscribe(box, one, "notification.created")
        await notify(box, "first")
        await box.call("DELETE", f"/webhook-subscriptions/{made['id']}")
        await notify(box, "gone")
        assert [event.body["data"]["notification"]["payload"]["taskId"] for event in one.seen] == [
            "first"
        ]


async def test_a_change_of_a_subscription_that_was_taken_back_changes_nothing(
    box: BoxWorld,
) -> None:
    def disables_in_vain(tx: Tx) -> None:
        store.disable(tx, made["id"], NOW)
        assert subscribers(tx, box.box.services, "notification.created")[0]["status"] == "disabled"
        raise ValueError("taken back")

    with Subscriber() as one:
        made = await subscribe(box, one, "notification.created")
        await notify(box, "first")
        with pytest.raises(ValueError, match="taken back"):
            await box.db.write(disables_in_vain)
        await notify(box, "second")
        assert len(one.seen) == 2
