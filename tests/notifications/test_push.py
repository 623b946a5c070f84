"""Push: encrypted, signed, sent to each browser once (docs/spec.md#push)."""

import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from buildos_box.clock import from_text
from buildos_box.notifications.push_message import LONGEST_PAYLOAD, fitted, topic
from tests.doubles.web import Answer, Web
from tests.notifications.browser import authority, name_of, subscribe, text_of, with_push
from tests.world import BoxWorld

NODE = shutil.which("node")
TASK = {"taskId": "t1", "taskName": "Pay rent", "projectName": "Home"}
MADE = Answer(201, headers={"Location": "https://push.example/m/1"})


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    with Web(MADE, tls=authority(tmp_path)) as server:
        yield server


@pytest.fixture
async def box(tmp_path: Path, web: Web) -> AsyncIterator[BoxWorld]:
    async with with_push(tmp_path, web) as world:
        yield world


async def tell(box: BoxWorld, **more: Any) -> None:
    body = {"userId": "ada", "eventType": "task.assigned", "payload": TASK, "channel": "push"}
    await box.post("/queue/notification", {**body, **more})


async def deliveries(box: BoxWorld, over: str = "push") -> list[tuple[str, str | None]]:
    """That of the channel first, then one for each browser."""
    items = (await box.get(f"/deliveries?channel={over}"))["items"]
    return [(item["status"], item["error"] or item["reason"]) for item in reversed(items)]


def to(web: Web, name: str) -> int:
    return sum(request.path == f"/push/{name}" for request in web.seen)


@pytest.mark.skipif(NODE is None, reason="there is no node to decrypt with")
async def test_node_decrypts_the_message_and_verifies_who_sent_it(box: BoxWorld, web: Web) -> None:
    (browser,) = await subscribe(box, web, "a")
    await tell(box, payload={**TASK, "taskName": "Zahl die Miete – 家賃 🏠"})
    await box.work()
    (request,) = web.seen
    assert request.headers["content-encoding"] == "aes128gcm"
    key = (await box.get("/push/vapid-key"))["publicKey"]
    given = {
        "body": text_of(request.body),
        "privateKey": text_of(browser.number),
        "publicKey": text_of(browser.point),
        "auth": text_of(browser.auth),
        "authorization": request.headers["authorization"],
        "vapidKey": key,
    }
    script = Path(__file__).parent / "decrypt.mjs"
    assert NODE is not None
    answer = subprocess.run(
        [NODE, str(script)], input=json.dumps(given), capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    read = json.loads(answer.stdout)
    said = json.loads(read["text"])
    assert said["body"] == "Home: Zahl die Miete – 家賃 🏠"
    assert (said["title"], said["eventType"]) == ("A task was assigned to you", "task.assigned")
    assert (said["tag"], said["url"]) == ("task.assigned-t1", "/app#task-t1")
    claims = read["claims"]
    assert (claims["alg"], claims["sub"]) == ("ES256", "mailto:ops@example.org")
    assert claims["aud"] == web.url("", "localhost")
    now = box.clock.now().timestamp()
    assert now < claims["exp"] <= now + 24 * 3600


async def test_each_service_is_given_claims_of_its_own(
    box: BoxWorld, web: Web, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    assert web.tls is not None
    with Web(MADE, tls=web.tls) as other:
        await subscribe(box, web, "a")
        await subscribe(box, other, "b")
        await tell(box)
        await box.work()
        assert len(web.seen) == len(other.seen) == 1
        assert web.seen[0].headers["authorization"] != other.seen[0].headers["authorization"]
    assert await deliveries(box) == [("sent", None)] * 3


async def test_how_long_how_urgent_and_what_it_replaces(box: BoxWorld, web: Web) -> None:
    await subscribe(box, web, "a")
    await box.sync(
        projects=[{"id": "p", "userId": "ada", "name": "Home"}],
        tasks=[{"id": "t", "projectId": "p", "title": "Pay", "dueAt": "2024-10-23T08:30:00Z"}],
    )
    await box.tick()
    await tell(box)
    await box.work()
    due, assigned = web.seen
    assert (due.headers["ttl"], due.headers["urgency"]) == ("1800", "high")
    assert (assigned.headers["ttl"], assigned.headers["urgency"]) == (str(24 * 3600), "normal")
    assert due.headers["topic"] == topic("task.due_soon-t") != assigned.headers["topic"]
    assert len(due.headers["topic"]) == 32


GONE, ALIVE = False, True


@pytest.mark.parametrize(
    ("answer", "delivery", "active", "job"),
    [
        (Answer(200), "sent", ALIVE, "completed"),
        (Answer(202), "sent", ALIVE, "completed"),
        (Answer(404), "failed", GONE, "completed"),
        (Answer(410), "failed", GONE, "completed"),
        (Answer(400, b"bad"), "failed", ALIVE, "failed"),
        (Answer(401), "failed", ALIVE, "failed"),
        (Answer(403, b"BadJwtToken"), "failed", ALIVE, "failed"),
        (Answer(413), "failed", ALIVE, "failed"),
        (Answer(302, headers={"Location": "/push/good"}), "failed", ALIVE, "failed"),
        (Answer(429, headers={"Retry-After": "900"}), "pending", ALIVE, "queued_for_retry"),
        (Answer(500), "pending", ALIVE, "queued_for_retry"),
        (Answer(503), "pending", ALIVE, "queued_for_retry"),
    ],
)
async def test_an_answer_concerns_its_own_subscription_alone(
    box: BoxWorld, web: Web, answer: Answer, delivery: str, active: bool, job: str
) -> None:
    web.by_path["/push/bad"] = answer
    await subscribe(box, web, "bad", "good")
    await tell(box)
    await box.work()
    whole, bad, good = (status for status, _ in await deliveries(box))
    assert (whole, bad, good) == ("sent", delivery, "sent")
    assert to(web, "good") == 1
    shown = (await box.get("/users/ada/push-subscriptions"))["items"]
    endpoints = [web.url(f"/push/{name}", "localhost") for name in ("bad", "good")]
    state = {name_of(item, *endpoints): item["active"] for item in shown}
    assert state == {"bad": active, "good": True}
    jobs = await box.jobs(types=["send_push"])
    assert sorted(row["status"] for row in jobs) == sorted([job, "completed"])
    assert await deliveries(box, "in_app") == []


@pytest.mark.parametrize(
    ("headers", "at"),
    [
        ({"Retry-After": "900"}, "2024-10-23T08:15"),
        ({"Retry-After": "Wed, 23 Oct 2024 08:40:00 GMT"}, "2024-10-23T08:40"),
        ({}, "2024-10-23T08:00"),
    ],
)
async def test_one_that_is_told_to_wait_does_so_and_is_sent_once(
    box: BoxWorld, web: Web, headers: dict[str, str], at: str
) -> None:
    web.by_path["/push/bad"] = Answer(429, headers=headers)
    (bad, _good) = await subscribe(box, web, "bad", "good")
    await tell(box)
    await box.work()
    (waiting,) = [row for row in await box.jobs() if row["completed_at"] is None]
    assert waiting["scheduled_for"][:16] == at
    web.by_path.clear()
    box.clock.set(waiting["scheduled_for"])
    await box.work()
    assert await deliveries(box) == [("sent", None)] * 3
    assert (to(web, "bad"), to(web, "good")) == (2, 1)
    tries = [bad.read(request) for request in web.seen if request.path == "/push/bad"]
    assert tries[0] == tries[1]


async def test_a_message_that_is_too_large_is_shrunk_once(tmp_path: Path) -> None:
    with Web(Answer(413), MADE, tls=authority(tmp_path)) as web:
        async with with_push(tmp_path, web) as box:
            (browser,) = await subscribe(box, web, "a")
            await tell(box, payload={**TASK, "taskName": "🏠" * 490})
            await box.work()
            first, second = (browser.read(request) for request in web.seen)
            assert len(first["body"]) > len(second["body"]) > 100
            assert second["body"].endswith("…")
            assert len(web.seen[1].body) < 1_700 < len(web.seen[0].body)
            assert await deliveries(box) == [("sent", None)] * 2


async def test_a_small_message_that_is_too_large_is_not_posted_again(
    box: BoxWorld, web: Web
) -> None:
    """There is nothing shorter to post than what was refused."""
    web.by_path["/push/a"] = Answer(413)
    await subscribe(box, web, "a")
    await tell(box)
    await box.work()
    assert to(web, "a") == 1
    assert [status for status, _ in await deliveries(box)] == ["failed", "failed"]


async def test_a_payload_of_20000_characters_keeps_its_words(box: BoxWorld, web: Web) -> None:
    (browser,) = await subscribe(box, web, "a")
    await tell(box, payload={"taskId": "t" * 20_000, "taskName": "Pay rent"})
    await box.work()
    (said,) = (browser.read(request) for request in web.seen)
    assert (said["title"], said["body"]) == ("A task was assigned to you", "Pay rent")
    assert (said["tag"], said["url"]) == ("", "")


async def test_a_key_that_is_refused_alerts_once_a_day_and_unsubscribes_nobody(
    tmp_path: Path,
) -> None:
    with Web(Answer(403, b'{"reason":"BadJwtToken"}'), tls=authority(tmp_path)) as web:
        async with with_push(tmp_path, web) as box:
            await subscribe(box, web, "a", "b")
            for _ in range(2):
                await tell(box)
                await box.work()
            rows = await box.db.all("SELECT data FROM realtime_events WHERE type = 'queue.alert'")
            (alert,) = [json.loads(row["data"]) for row in rows]
            assert alert["kind"] == "push_refused:localhost"
            assert "push.vapid_subject" in alert["message"]
            assert "/push/" not in alert["message"]
            shown = (await box.get("/users/ada/push-subscriptions"))["items"]
            assert [item["active"] for item in shown] == [True, True]


async def test_when_all_fail_the_inbox_gets_it_and_only_then(box: BoxWorld, web: Web) -> None:
    web.by_path |= {"/push/a": Answer(410), "/push/b": Answer(503)}
    await subscribe(box, web, "a", "b")
    await tell(box)
    await box.work()
    assert await deliveries(box, "in_app") == []
    web.by_path["/push/b"] = Answer(404)
    await box.run_until(box.clock.now() + timedelta(minutes=1))
    assert (await deliveries(box))[0] == (
        "failed",
        "localhost answers 404: the subscription no longer exists",
    )
    assert await deliveries(box, "in_app") == [("sent", None)]
    await tell(box)  # at once, without a job that would look for browsers
    assert (await deliveries(box))[-1] == ("skipped", "no push subscription")
    await box.work()
    assert len(web.seen) == 3


async def test_a_retry_that_falls_into_do_not_disturb_waits_for_its_end(
    box: BoxWorld, web: Web
) -> None:
    web.by_path["/push/a"] = Answer(503, headers={"Retry-After": "1800"})
    await subscribe(box, web, "a")
    await tell(box)
    await box.work()
    wish = {"dndStart": "08:15", "dndEnd": "10:00"}
    await box.call("PUT", "/users/ada/notification-preferences", wish)
    web.by_path.clear()
    await box.run_until("2024-10-23T09:59:00Z", step=timedelta(minutes=15))
    assert len(web.seen) == 1
    await box.run_until("2024-10-23T10:00:00Z")
    assert (len(web.seen), (await deliveries(box))[0]) == (2, ("sent", None))


async def test_what_grows_stale_while_it_waits_is_never_sent(box: BoxWorld, web: Web) -> None:
    web.by_path["/push/a"] = Answer(503, headers={"Retry-After": "86400"})
    await subscribe(box, web, "a")
    await tell(box)
    await box.work()
    web.by_path.clear()
    await box.run_until("2024-10-24T08:10:00Z", step=timedelta(hours=4))
    assert len(web.seen) == 1
    assert [status for status, _ in await deliveries(box)] == ["failed", "failed"]
    assert await deliveries(box, "in_app") == [("sent", None)]


async def test_a_browser_that_was_forgotten_meanwhile_gets_nothing(box: BoxWorld, web: Web) -> None:
    await subscribe(box, web, "a", "b")
    await tell(box)
    assert await box.step()
    items = (await box.get("/users/ada/push-subscriptions"))["items"]
    endpoints = [web.url(f"/push/{name}", "localhost") for name in ("a", "b")]
    first = next(item for item in items if name_of(item, *endpoints) == "a")
    path = f"/users/ada/push-subscriptions/{first['id']}"
    assert (await box.call("DELETE", path)).status_code == 204
    await box.work()
    assert (to(web, "a"), to(web, "b")) == (0, 1)
    assert [status for status, _ in await deliveries(box)] == ["sent", "skipped", "sent"]


@pytest.mark.parametrize(
    ("content", "limit"),
    [
        ({"body": "x" * 500, "title": "t" * 120}, LONGEST_PAYLOAD),
        ({"body": "🏠" * 5000, "title": "t"}, LONGEST_PAYLOAD),
        ({"body": "🏠" * 5000, "title": "家" * 5000, "url": "/x" * 3000}, LONGEST_PAYLOAD),
        ({"body": '"' * 5000, "tag": "y" * 4000}, 1500),
        ({"url": "/app#" + "z" * 6000}, 600),
    ],
)
def test_a_payload_is_shortened_and_never_refused(content: dict[str, str], limit: int) -> None:
    empty = {"id": "n1", "title": "", "body": "", "tag": "", "url": ""}
    whole = {**empty, **content}
    text = fitted(whole, limit)
    assert len(text) <= limit
    said = json.loads(text)
    assert said.keys() == whole.keys()
    assert said["url"] in (whole["url"], "")
    assert all(said[name] for name in ("title", "body") if whole[name])
    if len(json.dumps(whole, ensure_ascii=False).encode()) <= limit:
        assert said == whole


async def test_what_nobody_wants_any_more_is_no_failure_and_goes_nowhere_else(
    box: BoxWorld, web: Web
) -> None:
    await subscribe(box, web, "a")
    web.by_path["/push/a"] = Answer(503)
    await tell(box)
    await box.work()
    await box.call("PUT", "/users/ada/notification-preferences", {"push": False})
    await box.run_until("2024-10-23T08:20:00Z")
    assert [status for status, _ in await deliveries(box)] == ["skipped", "skipped"]
    assert await deliveries(box, "in_app") == []


@pytest.mark.parametrize("begun", [False, True])
async def test_a_task_that_is_done_is_not_told_of_any_more(
    box: BoxWorld, web: Web, begun: bool
) -> None:
    await subscribe(box, web, "a")
    await box.project()
    if begun:
        web.by_path["/push/a"] = Answer(503, headers={"Retry-After": "300"})
    due = {"taskId": "ada-launch-0", "taskName": "Water"}
    await tell(box, eventType="task.due_soon", payload=due)
    await (box.work() if begun else box.step())
    seen = len(web.seen)
    await box.sync(tasks=[{"id": "ada-launch-0", "status": "done"}])
    web.by_path.clear()
    await box.run_until("2024-10-23T08:20:00Z")
    assert len(web.seen) == seen
    assert [status for status, _ in await deliveries(box)] == ["skipped", "skipped"]
    assert await deliveries(box, "in_app") == []


@pytest.mark.parametrize(("begun", "ends"), [(False, "cancelled"), (True, "completed")])
async def test_a_running_push_is_withdrawn_only_before_it_can_have_left(
    box: BoxWorld, web: Web, begun: bool, ends: str
) -> None:
    await subscribe(box, web, "a")
    await box.project()
    due = {"taskId": "ada-launch-0", "taskName": "Water"}
    await tell(box, eventType="task.due_soon", payload=due)
    await box.step()
    if begun:
        web.by_path["/push/a"] = Answer(503)
        await box.step()
        web.by_path.clear()
        box.clock.advance(timedelta(seconds=5))
    claimed = await box.claim()
    assert claimed is not None
    await box.sync(tasks=[{"id": "ada-launch-0", "status": "done"}])
    await box.box.engine.runner.run(claimed, box.box.services)
    await box.db.write(lambda tx: None)
    assert (await box.get(f"/jobs/{claimed.job_id}"))["status"] == ends


async def test_one_that_failed_beside_one_that_was_withdrawn_reaches_the_inbox(
    box: BoxWorld, web: Web
) -> None:
    web.by_path |= {"/push/a": Answer(410), "/push/b": Answer(503)}
    await subscribe(box, web, "a", "b")
    await tell(box)
    await box.work()
    await box.call("PUT", "/users/ada/notification-preferences", {"push": False})
    await box.run_until("2024-10-23T08:20:00Z")
    assert [status for status, _ in await deliveries(box)] == ["failed", "failed", "skipped"]
    assert await deliveries(box, "in_app") == [("sent", None)]


async def test_the_daily_cap_begins_anew_at_the_persons_own_midnight(
    box: BoxWorld, web: Web
) -> None:
    """In Honolulu midnight is at 10:00 UTC."""
    await box.sync(users=[{"id": "ada", "timezone": "Pacific/Honolulu"}])
    await box.call("PUT", "/users/ada/notification-preferences", {"dailyCap": 1})
    await subscribe(box, web, "a")
    for n, at in enumerate(("08:00", "09:59", "10:00", "10:10")):
        box.clock.set(from_text(f"2024-10-23T{at}:00Z"))
        await tell(box, payload={**TASK, "taskId": f"t{n}"})
        await box.work()
    whole = [d for d in await deliveries(box) if d != ("sent", None)]
    assert (len(web.seen), whole) == (2, [("skipped", "daily cap")] * 2)
