"""Each due time of a task is announced once, in local time (docs/spec.md#due-soon)."""

from datetime import timedelta
from typing import Any

import pytest

from buildos_box.clock import Instant, from_text, zone_or_utc
from buildos_box.locales.language import language
from buildos_box.notifications import due_store
from buildos_box.notifications.due_soon import _notify_all, due_text, morning_days
from tests.notifications.browser import take_push
from tests.world import BoxWorld

DAY = "2024-10-23"
QUARTER = timedelta(minutes=15)


async def task(box: BoxWorld, key: str = "t", user: str = "ada", **fields: Any) -> None:
    project = {"id": f"p-{user}", "userId": user, "name": "Home"}
    one = {"id": key, "projectId": f"p-{user}", "title": "Pay rent", **fields}
    await box.sync(projects=[project], tasks=[one])


async def pass_time(box: BoxWorld, until: Instant | str) -> None:
    await box.run_until(until, step=QUARTER)


async def told(box: BoxWorld, user: str = "ada") -> list[tuple[str, str]]:
    """When the inbox got it, and what it says."""
    items = (await box.get(f"/users/{user}/notifications"))["items"]
    return [
        (item["createdAt"][:16], item["title"])
        for item in reversed(items)
        if item["eventType"] == "task.due_soon"
    ]


@pytest.mark.parametrize(
    ("zone", "due_at", "lead", "at", "title"),
    [
        ("UTC", "23T10:30", 60, "09:30", "Due at 10:30: Pay rent"),
        ("Europe/Vienna", "23T10:30", 60, "09:30", "Due at 12:30: Pay rent"),
        ("Pacific/Kiritimati", "23T10:30", 60, "09:30", "Due tomorrow at 00:30: Pay rent"),
        ("Pacific/Pago_Pago", "23T11:30", 60, "10:30", "Due tomorrow at 00:30: Pay rent"),
        ("UTC", "23T10:37", 15, "10:30", "Due at 10:37: Pay rent"),
        ("UTC", "25T09:00", 2880, "09:00", "Due on Fri, Oct 25 at 09:00: Pay rent"),
    ],
)
async def test_a_task_due_at_an_instant_is_told_of_within_the_lead_time(
    box: BoxWorld, zone: str, due_at: str, lead: int, at: str, title: str
) -> None:
    await box.person(zone=zone)
    answer = await box.call("PUT", "/users/ada/notification-preferences", {"dueSoonMinutes": lead})
    assert answer.json()["dueSoonMinutes"] == lead
    await task(box, dueAt=f"2024-10-{due_at}:00Z")
    await pass_time(box, "2024-10-23T12:00:00Z")
    assert await told(box) == [(f"{DAY}T{at}", title)]


@pytest.mark.parametrize(
    ("zone", "day", "at"),
    [
        ("UTC", DAY, "2024-10-23T09:00"),
        ("Asia/Kathmandu", "2024-10-24", "2024-10-24T03:15"),
        ("Pacific/Kiritimati", "2024-10-24", "2024-10-23T19:00"),
        ("Pacific/Pago_Pago", DAY, "2024-10-23T20:00"),
        ("Nowhere/Land", DAY, "2024-10-23T09:00"),
        # Vienna's clocks go back on the 27th: 09:00 is 08:00 UTC, no longer 07:00.
        ("Europe/Vienna", "2024-10-26", "2024-10-26T07:00"),
        ("Europe/Vienna", "2024-10-27", "2024-10-27T08:00"),
    ],
)
async def test_a_task_due_on_a_day_is_told_of_in_that_days_morning(
    box: BoxWorld, zone: str, day: str, at: str
) -> None:
    await box.person(zone=zone)
    await task(box, dueDate=day)
    moment = from_text(f"{at}:00Z")
    box.clock.set(moment - QUARTER)
    await pass_time(box, moment + QUARTER)
    assert await told(box) == [(at, "Due today: Pay rent")]


async def test_nothing_is_told_twice_nor_late_nor_of_what_is_done(box: BoxWorld) -> None:
    await box.person()
    await task(box, "soon", dueAt="2024-10-23T08:40:00Z")
    await task(box, "done", dueAt="2024-10-23T08:40:00Z", status="done")
    await task(box, "past", dueAt="2024-10-23T07:59:00Z")
    await task(box, "later", dueAt="2024-10-23T12:00:00Z")
    for _ in range(3):
        await box.box.cron_registry.run_by_hand("task_due_soon", box.box.services, "test")
        await box.work()
    assert await told(box) == [("2024-10-23T08:00", "Due at 08:40: Pay rent")]
    await pass_time(box, "2024-10-23T10:00:00Z")
    assert len(await told(box)) == 1


async def test_one_that_moves_is_told_of_again_and_one_added_in_the_afternoon_is_not(
    box: BoxWorld,
) -> None:
    await box.person()
    await task(box, dueAt="2024-10-23T08:40:00Z")
    await pass_time(box, "2024-10-23T08:15:00Z")
    assert await told(box) == [("2024-10-23T08:00", "Due at 08:40: Pay rent")]
    await task(box, dueAt="2024-10-23T11:00:00Z")
    await pass_time(box, "2024-10-23T12:30:00Z")
    await task(box, "new", dueDate=DAY)
    await pass_time(box, "2024-10-23T13:30:00Z")
    assert await told(box) == [("2024-10-23T10:00", "Due at 11:00: Pay rent")]


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"status": "done"}, "completed"), ({"dueAt": "2024-10-24T10:00:00Z"}, "moved"), ({}, None)],
)
async def test_what_do_not_disturb_holds_back_is_dropped_when_the_task_changes(
    box: BoxWorld, change: dict[str, Any], reason: str | None
) -> None:
    await box.person()
    await take_push(box)
    wanted = {"dndStart": "07:00", "dndEnd": "08:30"}
    await box.call("PUT", "/users/ada/notification-preferences", wanted)
    await task(box, dueAt="2024-10-23T09:00:00Z")
    await pass_time(box, "2024-10-23T08:01:00Z")
    assert len(await told(box)) == 1
    if change:
        await task(box, **{"dueAt": "2024-10-23T09:00:00Z", **change})
    else:
        answer = await box.call("DELETE", "/tasks/t")
        assert answer.status_code in (200, 204), answer.text
        reason = "deleted"
    await box.work()
    items = (await box.get("/deliveries?channel=push"))["items"]
    assert [(item["status"], item["reason"]) for item in items] == [("skipped", reason)]
    assert await told(box) == []


@pytest.mark.parametrize("day", ["2024-10-24", None])
async def test_what_was_told_of_a_day_leaves_the_inbox_when_the_day_changes(
    box: BoxWorld, day: str | None
) -> None:
    await box.person()
    await task(box, dueDate=DAY)
    await pass_time(box, "2024-10-23T10:00:00Z")
    assert len(await told(box)) == 1
    await task(box, dueDate=DAY, title="Pay the rent")
    assert len(await told(box)) == 1
    await task(box, dueDate=day)
    assert await told(box) == []


async def test_what_was_read_of_a_due_time_stays_when_the_task_changes(box: BoxWorld) -> None:
    await box.person()
    await task(box, dueAt="2024-10-23T08:40:00Z")
    await pass_time(box, "2024-10-23T08:01:00Z")
    await box.post("/users/ada/notifications/read", {})
    await task(box, dueAt="2024-10-23T08:40:00Z", status="done")
    assert len(await told(box)) == 1


async def test_a_lead_time_of_none_turns_it_off_and_an_impossible_one_is_refused(
    box: BoxWorld,
) -> None:
    await box.person()
    wish = "/users/ada/notification-preferences"
    assert (await box.call("PUT", wish, {"dueSoonMinutes": 0})).status_code == 200
    await task(box, dueAt="2024-10-23T08:40:00Z")
    await task(box, "day", dueDate=DAY)
    await pass_time(box, "2024-10-23T10:00:00Z")
    assert await told(box) == []
    for wrong in (-1, 10_081, 1.5, "1"):
        answer = await box.call("PUT", wish, {"dueSoonMinutes": wrong})
        assert answer.status_code == 422, wrong


async def test_more_than_one_batch_is_told_of_at_once(box: BoxWorld) -> None:
    await box.person()
    await box.sync(
        projects=[{"id": "p", "userId": "ada", "name": "Home"}],
        tasks=[
            {"id": f"t{n}", "projectId": "p", "title": "Pay", "dueAt": "2024-10-23T08:40:00Z"}
            for n in range(250)
        ],
    )
    await box.box.cron_registry.run_by_hand("task_due_soon", box.box.services, "test")
    rows = await box.db.all("SELECT once_key FROM notifications")
    assert len({row["once_key"] for row in rows}) == len(rows) == 250


def test_where_it_is_morning() -> None:
    zones = ["UTC", "Europe/Vienna", "America/New_York", "Pacific/Kiritimati", "Pacific/Apia"]
    assert morning_days(zones, from_text("2024-10-23T07:00:00Z")) == {"Europe/Vienna": DAY}
    # Where it is 09:00 on the 24th already, 14 hours ahead.
    assert morning_days(zones, from_text("2024-10-23T19:00:00Z")) == {
        "Pacific/Kiritimati": "2024-10-24"
    }


def test_words_of_a_night_when_clocks_change() -> None:
    zone, now = zone_or_utc("America/New_York"), from_text("2024-11-03T04:00:00Z")
    first, second = from_text("2024-11-03T05:30:00Z"), from_text("2024-11-03T06:30:00Z")
    assert (
        due_text(first, now, zone, language())
        == due_text(second, now, zone, language())
        == "at 01:30"
    )
    assert due_text(None, now, zone, language()) == "today"


async def test_one_who_is_deleted_meanwhile_keeps_nobody_else_from_being_told(
    box: BoxWorld,
) -> None:
    for name in ("ada", "bo"):
        await box.person(name)
        await task(box, f"t-{name}", user=name, dueAt="2024-10-23T08:10:00Z")
    found = await due_store.timed(box.db, box.clock.now(), 100)
    assert [row["user_id"] for row in found] == ["ada", "bo"]
    await box.call("DELETE", "/users/ada")
    batches = [found, []]

    async def next_batch() -> Any:
        return batches.pop(0)

    await _notify_all(box.box.services, box.clock.now(), next_batch)
    assert await told(box, "bo") == [(f"{DAY}T08:00", "Due at 08:10: Pay rent")]
