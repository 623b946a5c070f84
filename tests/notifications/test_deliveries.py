"""The list of deliveries with its filters, kept for 90 days (docs/spec.md#delivery-states)."""

from datetime import timedelta
from typing import Any

import pytest

from tests.world import BoxWorld


async def tell(box: BoxWorld, user: str, event: str, name: str, channel: str) -> None:
    payload = {"taskId": name, "taskName": name}
    body = {"userId": user, "eventType": event, "payload": payload, "channel": channel}
    await box.post("/queue/notification", body)


@pytest.fixture
async def told(box: BoxWorld) -> BoxWorld:
    """Three deliveries: ada's inbox, ada's mail an hour later, bob's mail that had no address."""
    await box.person("ada")
    await box.sync(users=[{"id": "bob", "name": "Bob"}])
    await tell(box, "ada", "task.completed", "Pay rent", "in_app")
    await box.work()
    box.clock.advance(timedelta(hours=1))
    await tell(box, "ada", "task.assigned", "Plant beans", "email")
    await tell(box, "bob", "task.assigned", "Plant peas", "email")
    await box.work()
    return box


BOTH = ["ada in_app sent", "ada email sent", "bob email skipped", "bob in_app sent"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", BOTH),
        ("user=ada", BOTH[:2]),
        ("user=", []),
        ("channel=email", BOTH[1:3]),
        ("channel=in-app,email", BOTH),
        ("channel=", []),
        ("channel=push", []),
        ("type=task_completed", BOTH[:1]),
        ("type=task.completed,task.assigned", BOTH),
        ("type=", []),
        ("status=skipped", BOTH[2:3]),
        ("status=sent,skipped", BOTH),
        ("status=", []),
        ("text=BEANS", BOTH[1:2]),
        ("text=no address", BOTH[2:3]),
        ("text=%25", []),
        ("since=2024-10-23T08:30:00Z", BOTH[1:]),
        ("until=2024-10-23T08:30:00Z", BOTH[:1]),
        ("since=2024-10-23T10:30:00%2B02:00&until=2024-10-23T10:00:00Z&user=ada", BOTH[1:2]),
    ],
)
async def test_deliveries_are_found(told: BoxWorld, query: str, found: list[str]) -> None:
    items = (await told.get(f"/deliveries?{query}"))["items"]
    shown = [f"{item['userId']} {item['channel']} {item['status']}" for item in items]
    assert shown == list(reversed(found))


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("channel=pigeon", "channel"),
        ("type=task.exploded", "type"),
        ("status=lost", "status"),
        ("since=yesterday", "since"),
        ("until=2024-10-23", "until"),
    ],
)
async def test_a_filter_that_means_nothing_is_refused(
    box: BoxWorld, query: str, field: str
) -> None:
    answer = await box.call("GET", f"/deliveries?{query}")
    assert answer.status_code == 422
    assert [detail["field"] for detail in answer.json()["details"]] == [field]


async def test_pages_follow_each_other_without_gap(told: BoxWorld) -> None:
    seen: list[Any] = []
    cursor = ""
    while True:
        page = await told.get(f"/deliveries?limit=1{cursor}")
        seen += [item["id"] for item in page["items"]]
        if page["nextCursor"] is None:
            break
        cursor = f"&cursor={page['nextCursor']}"
    assert len(seen) == len(set(seen)) == 4


async def test_an_empty_filter_is_not_all_and_a_user_sees_their_own(
    told: BoxWorld,
) -> None:
    ada = await told.token_for("user:ada")
    items = (await told.get("/deliveries", token=ada))["items"]
    assert {item["userId"] for item in items} == {"ada"}
    for query in ("user=bob", "user="):
        answer = await told.call("GET", f"/deliveries?{query}", token=ada)
        assert answer.status_code == 404
    assert (await told.post("/users/ada/notifications/read", {"ids": []}))["marked"] == 0
    assert (await told.get("/users/ada/notifications"))["unread"] == 1


async def test_notifications_go_after_a_season_with_their_deliveries(told: BoxWorld) -> None:
    told.clock.set("2025-01-21T08:30:00Z")
    run = await told.box.cron_registry.run_by_hand(
        "notifications_cleanup", told.box.services, "test"
    )
    assert (run.status, run.summary) == ("completed", {"notifications": 1})
    left = (await told.get("/deliveries"))["items"]
    assert {item["userId"] for item in left} == {"ada", "bob"}
    assert len(left) == 3
    told.clock.set("2025-01-21T09:30:00Z")
    await told.box.cron_registry.run_by_hand("notifications_cleanup", told.box.services, "test")
    assert (await told.get("/deliveries"))["items"] == []
    assert await told.db.all("SELECT 1 FROM notifications") == []
