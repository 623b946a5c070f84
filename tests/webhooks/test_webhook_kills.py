"""SIGKILL while events go to two subscribers, one of which fails half the time.

Every event reaches both, in order per user, and none under two ids (docs/spec.md#webhook-delivery).
`WEBHOOK_KILL_USERS=100` makes it 300 events; without it the suite stays quick.
"""

import os
from pathlib import Path

import pytest

from tests.faults.box_process import BoxProcess, people, until
from tests.webhooks.subscriber import Subscriber

USERS, EACH = int(os.environ.get("WEBHOOK_KILL_USERS", "15")), 3
"""Few for each: a refused event holds up the next ones of its user for 5 seconds."""
KILLS = 3


def firsts(subscriber: Subscriber) -> dict[str, list[str]]:
    """By user: what each accepted event says, in the order of first acceptance."""
    known: set[str] = set()
    found: dict[str, list[str]] = {}
    for event in list(subscriber.accepted):
        if event.id not in known:
            known.add(event.id)
            name = event.body["data"]["payload"]["taskName"]
            found.setdefault(event.body["userId"], []).append(name)
    return found


def ids_by_event(subscriber: Subscriber) -> dict[str, set[str]]:
    """By what the event says: the ids under which it came, also in refused attempts."""
    found: dict[str, set[str]] = {}
    for event in list(subscriber.seen):
        found.setdefault(event.body["data"]["payload"]["taskName"], set()).add(event.id)
    return found


@pytest.mark.slow
def test_every_event_reaches_both_subscribers_though_the_server_is_killed(tmp_path: Path) -> None:
    config = "[egress]\nallow_private = true\n"
    unreliable = Subscriber(refuses_once=True)
    with Subscriber() as steady, unreliable, BoxProcess(tmp_path, config=config) as box:
        box.post("/sync", {"users": list(people(USERS))})
        for one in (steady, unreliable):
            made = box.post(
                "/webhook-subscriptions", {"url": one.url, "events": ["notification.created"]}
            )
            one.secret = made["secret"]
        box.post("/queue/pause", {"lane": "webhook"})
        for number in range(EACH):
            for user in range(USERS):
                name = f"person-{user:03}-{number:02}"
                box.post(
                    "/queue/notification",
                    {
                        "userId": f"person-{user:03}",
                        "eventType": "task.assigned",
                        "channel": "in_app",
                        "payload": {"taskId": name, "taskName": name},
                    },
                )
        written = "SELECT user_id, data FROM webhook_events ORDER BY seq"
        assert until(lambda: len(box.rows(written)) == USERS * EACH, seconds=120)
        box.post("/queue/resume", {"lane": "webhook"})
        for kill in range(KILLS):
            goal = (kill + 1) * USERS * EACH // KILLS
            assert until(lambda goal=goal: len(unreliable.seen) >= goal, seconds=60)  # type: ignore[misc]
            box.kill()
            box.start()
        waiting = "SELECT 1 FROM webhook_deliveries WHERE status <> 'sent'"
        assert until(lambda: not box.rows(waiting), seconds=240, every=0.2)
        order: dict[str, list[str]] = {}
        for row in box.rows(
            "SELECT user_id, json_extract(data, '$.payload.taskName') AS name"
            " FROM webhook_events ORDER BY seq"
        ):
            order.setdefault(row["user_id"], []).append(row["name"])
        for one in (steady, unreliable):
            assert firsts(one) == order
            assert {len(ids) for ids in ids_by_event(one).values()} == {1}
            assert all(event.genuine for event in one.seen)
        assert len({event.id for event in steady.seen}) == USERS * EACH
        assert any(event.status == 503 for event in unreliable.seen)
        assert box.integrity() == "ok"
