"""The hourly cron that queues briefs (docs/spec.md#brief-scheduling)."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from buildos_box.clock import to_text
from buildos_box.db import epoch_store
from buildos_box.settings import BriefSettings, Settings
from tests.world import BoxWorld, open_world

BACKOFF = Settings(briefs=BriefSettings(engagement_backoff=True))
OCT_23 = "2024-10-23T"


async def cron(box: BoxWorld, at: str | None = None) -> dict[str, int]:
    """Run the briefs' cron, at that time, and return what it did."""
    if at is not None:
        box.clock.set(at if "T" in at else f"{OCT_23}{at}Z")
    run = await box.box.cron_registry.run_by_hand("briefs", box.box.services, "test")
    assert run.status == "completed", run.error
    return msgspec.to_builtins(run.summary)


async def briefs(box: BoxWorld, *, live: bool = True) -> dict[str, Any]:
    """The users' brief jobs by user: (day, to be written from, to be told at)."""
    rows = await box.jobs(types=["generate_daily_brief"])
    return {
        row["user_id"]: (
            (meta := msgspec.json.decode(row["metadata"]))["briefDate"],
            short(row["scheduled_for"]),
            short(meta.get("notificationScheduledFor")),
        )
        for row in rows
        if not live or row["status"] in ("pending", "processing", "queued_for_retry")
    }


def short(instant: str | None) -> str | None:
    return instant and instant.removeprefix(OCT_23).removesuffix(".000Z")


async def skips(box: BoxWorld) -> list[tuple[str, str, str]]:
    rows = await box.db.all("SELECT user_id, notify_at, reason FROM brief_skips ORDER BY id")
    return [(row["user_id"], short(row["notify_at"]) or "", row["reason"]) for row in rows]


async def next_run(box: BoxWorld, user_id: str = "ada") -> str | None:
    row = await box.db.one("SELECT notify_at FROM brief_schedule WHERE user_id = ?", (user_id,))
    return short(row["notify_at"]) if row else None


async def prefer(box: BoxWorld, user_id: str = "ada", **preferences: Any) -> None:
    await box.sync(preferences=[{"userId": user_id, **preferences}])


# Who is queued.


async def test_only_those_due_within_the_hour_and_the_buffer_are_queued(box: BoxWorld) -> None:
    await box.person("now", at="09:30")
    await box.person("edge", at="10:02")
    await box.person("beyond", at="10:02:01")
    await box.person("kolkata", zone="Asia/Kolkata", at="15:00")
    await box.person("kiritimati", zone="Pacific/Kiritimati", at="00:00")
    await box.person("angeles", zone="America/Los_Angeles", at="02:45")
    await box.person("mondays", at="09:30", frequency="weekly")
    await box.person("wednesdays", at="09:30", frequency="custom", days=[3])
    await box.person("inactive", at="09:30", isActive=False)
    await box.person("without")
    assert await cron(box, "09:00:00") == {"due": 6, "queued": 6, "skipped": 0}
    assert await briefs(box) == {
        "now": ("2024-10-23", "09:28:00", "09:30:00"),
        "edge": ("2024-10-23", "10:00:00", "10:02:00"),
        "kolkata": ("2024-10-23", "09:28:00", "09:30:00"),
        "kiritimati": ("2024-10-24", "09:58:00", "10:00:00"),
        "angeles": ("2024-10-23", "09:43:00", "09:45:00"),
        "wednesdays": ("2024-10-23", "09:28:00", "09:30:00"),
    }
    assert {job["priority"] for job in await box.jobs()} == {10}


async def test_nine_o_clock_is_queued_at_eight_and_so_is_not_late(box: BoxWorld) -> None:
    box.clock.set(f"{OCT_23}07:00:00Z")
    await box.person(at="09:00")
    assert await briefs(box) == {}
    await cron(box, "08:00:00")
    assert await briefs(box) == {"ada": ("2024-10-23", "08:58:00", "09:00:00")}


async def test_a_second_tick_in_the_same_hour_queues_nothing_more(box: BoxWorld) -> None:
    await box.person(at="09:30")
    assert (await cron(box, "09:00:00"))["queued"] == 1
    for minute in ("09:00:00", "09:20:00", "09:29:00", "09:45:00"):
        assert await cron(box, minute) == {"due": 0, "queued": 0, "skipped": 0}
    assert len(await box.jobs()) == 1
    assert await next_run(box) == "2024-10-24T09:30:00"


async def test_the_cron_comes_by_itself_once_an_hour(box: BoxWorld) -> None:
    await box.person("ada", at="10:30")
    await box.person("bob", at="11:30")
    await box.run_until(f"{OCT_23}09:59:00Z")
    assert await briefs(box, live=False) == {}
    await box.run_until(f"{OCT_23}12:00:00Z")
    assert await briefs(box, live=False) == {
        "ada": ("2024-10-23", "10:28:00", "10:30:00"),
        "bob": ("2024-10-23", "11:28:00", "11:30:00"),
    }
    assert len(box.outbox) == 2


async def test_more_users_than_fit_one_batch_are_all_queued_in_one_tick(box: BoxWorld) -> None:
    names = [f"u{number:03}" for number in range(405)]
    await box.sync(
        users=[{"id": name, "email": f"{name}@example.org", "name": name} for name in names],
        preferences=[{"userId": name, "timeOfDay": "09:30"} for name in names],
    )
    assert await cron(box, "09:00:00") == {"due": 405, "queued": 405, "skipped": 0}


async def test_each_local_day_has_one_brief_across_both_changes_of_the_clocks(
    tmp_path: Path,
) -> None:
    expected = {
        "2026-03-28T00:00:00Z": ["28T01:30", "29T01:00", "30T00:30"],
        "2026-10-24T00:00:00Z": ["24T00:30", "25T00:30", "26T01:30"],
    }
    for start, runs in expected.items():
        async with open_world(tmp_path / start[:7], at=start) as box:
            await box.person(zone="Europe/Berlin", at="02:30")
            for _ in range(50):
                await cron(box)
                box.clock.advance(timedelta(hours=1))
            jobs = [msgspec.json.decode(job["metadata"]) for job in await box.jobs()]
            told = [job["notificationScheduledFor"][8:16] for job in jobs]
            assert told == runs
            assert [job["briefDate"][8:] for job in jobs] == [run[:2] for run in runs]


# What was missed.


async def test_what_was_missed_while_the_box_was_down_is_made_good_once(tmp_path: Path) -> None:
    times = {"old": "09:09:59", "edge": "09:10", "late": "10:05", "soon": "11:00", "far": "15:00"}
    async with open_world(tmp_path, at=f"{OCT_23}06:00:00Z") as box:
        for name, at in times.items():
            await box.person(name, at=at)
    async with open_world(tmp_path, at=f"{OCT_23}10:10:00Z") as box:
        await box.box.cron_registry.run_due("briefs", box.box.services)
        assert await briefs(box) == {
            "edge": ("2024-10-23", "10:10:00", "09:10:00"),
            "late": ("2024-10-23", "10:10:00", "10:05:00"),
            "soon": ("2024-10-23", "10:58:00", "11:00:00"),
        }
        assert await skips(box) == [("old", "09:09:59", "missed")]
        assert await next_run(box, "old") == "2024-10-24T09:09:59"
        await box.work()
        assert sorted(mail["To"] for mail in box.outbox) == [
            "edge@example.org",
            "late@example.org",
        ]
        assert await cron(box) == {"due": 0, "queued": 0, "skipped": 0}


async def test_a_month_of_absence_is_one_skip_and_not_thirty(tmp_path: Path) -> None:
    async with open_world(tmp_path, at=f"{OCT_23}06:00:00Z") as box:
        await box.person(at="09:00")
    async with open_world(tmp_path, at="2024-11-23T12:00:00Z") as box:
        assert await cron(box) == {"due": 1, "queued": 0, "skipped": 1}
        assert await skips(box) == [("ada", "09:00:00", "missed")]
        assert await next_run(box) == "2024-11-24T09:00:00"


async def test_after_a_month_of_absence_todays_late_brief_is_still_made(tmp_path: Path) -> None:
    async with open_world(tmp_path, at=f"{OCT_23}06:00:00Z") as box:
        await box.person(at="09:00")
    async with open_world(tmp_path, at="2024-11-23T09:30:00Z") as box:
        assert await cron(box) == {"due": 2, "queued": 1, "skipped": 1}
        assert (await briefs(box))["ada"][0] == "2024-11-23"


# What stands in the way.


async def test_a_brief_already_complete_for_that_day_is_skipped_and_says_so(
    box: BoxWorld,
) -> None:
    await box.person(at="09:30")
    await box.post("/queue/brief", {"userId": "ada"})
    await box.work()
    assert await cron(box, "09:00:00") == {"due": 1, "queued": 0, "skipped": 1}
    assert await skips(box) == [("ada", "09:30:00", "already_completed")]
    assert await next_run(box) == "2024-10-24T09:30:00"


async def test_a_live_brief_of_that_day_is_left_as_it_was_asked_for(box: BoxWorld) -> None:
    """Else it would be written at 09:28 and still be mailed at noon, hours old."""
    await box.person(at="09:30")
    await box.post("/queue/brief", {"userId": "ada", "scheduledFor": f"{OCT_23}12:00:00Z"})
    await cron(box, "09:00:00")
    assert await briefs(box) == {"ada": ("2024-10-23", "12:00:00", "12:00:00")}
    assert await skips(box) == [("ada", "09:30:00", "already_queued")]


async def test_a_cancelled_brief_stops_nothing(box: BoxWorld) -> None:
    await box.person(at="09:05")
    asked = await box.post("/queue/brief", {"userId": "ada"})
    await box.post(f"/jobs/{asked['jobId']}/cancel")
    assert (await briefs(box)) == {}
    await cron(box, "08:50:00")
    assert await briefs(box) == {"ada": ("2024-10-23", "09:03:00", "09:05:00")}


async def test_one_users_failure_does_not_stop_the_others(box: BoxWorld) -> None:
    for name in ("ada", "bob", "cyd"):
        await box.person(name, at="09:30")
    await box.db.write(
        lambda tx: tx.execute(
            """CREATE TRIGGER broken BEFORE INSERT ON queue_jobs WHEN NEW.user_id = 'bob'
               BEGIN SELECT RAISE(ABORT, 'bob is broken'); END"""
        )
    )
    assert await cron(box, "09:00:00") == {"due": 3, "queued": 2, "skipped": 0, "failed": 1}
    assert set(await briefs(box)) == {"ada", "cyd"}
    await box.db.write(lambda tx: tx.execute("DROP TRIGGER broken"))
    assert await cron(box, "10:00:00") == {"due": 1, "queued": 1, "skipped": 0}
    assert (await briefs(box))["bob"] == ("2024-10-23", "10:00:00", "09:30:00")


# What changes the plan.


async def test_a_new_time_takes_the_queued_brief_back_and_plans_it_anew(box: BoxWorld) -> None:
    await box.person(at="09:30")
    await cron(box, "09:00:00")
    (job,) = await box.jobs()
    await prefer(box, timeOfDay="11:30")
    cancelled = await box.get(f"/jobs/{job['queue_job_id']}")
    assert (cancelled["status"], cancelled["cancel_reason"]) == (
        "cancelled",
        "the schedule changed",
    )
    assert (await briefs(box), await next_run(box)) == ({}, "11:30:00")
    await cron(box, "11:00:00")
    assert await briefs(box) == {"ada": ("2024-10-23", "11:28:00", "11:30:00")}


async def test_a_new_time_within_the_hour_is_queued_at_once(box: BoxWorld) -> None:
    await box.person(at="15:00")
    box.clock.set(f"{OCT_23}09:10:00Z")
    await prefer(box, timeOfDay="09:40")
    assert await briefs(box) == {"ada": ("2024-10-23", "09:38:00", "09:40:00")}
    assert await next_run(box) == "2024-10-24T09:40:00"


async def test_a_new_time_that_has_passed_today_begins_tomorrow(box: BoxWorld) -> None:
    await box.person(at="15:00")
    await prefer(box, timeOfDay="07:59")
    assert (await briefs(box), await next_run(box)) == ({}, "2024-10-24T07:59:00")


async def test_a_new_zone_moves_the_next_run_and_the_queued_brief(box: BoxWorld) -> None:
    await box.person(zone="Europe/Berlin", at="11:30")
    await cron(box, "09:00:00")
    assert await briefs(box) == {"ada": ("2024-10-23", "09:28:00", "09:30:00")}
    await box.sync(users=[{"id": "ada", "timezone": "America/New_York"}])
    assert (await briefs(box), await next_run(box)) == ({}, "15:30:00")
    await cron(box, "15:00:00")
    assert await briefs(box) == {"ada": ("2024-10-23", "15:28:00", "15:30:00")}


async def test_a_change_of_the_user_that_is_not_the_zone_moves_nothing(box: BoxWorld) -> None:
    await box.person(at="09:30")
    await cron(box, "09:00:00")
    before = [dict(job) for job in await box.jobs()]
    await box.sync(users=[{"id": "ada", "name": "Ada L.", "timezone": "UTC"}])
    assert [dict(job) for job in await box.jobs()] == before


async def test_a_new_frequency_counts_from_now(box: BoxWorld) -> None:
    await box.person(at="09:30")
    await cron(box, "09:00:00")
    await prefer(box, frequency="weekly", dayOfWeek=5)
    assert (await briefs(box), await next_run(box)) == ({}, "2024-10-25T09:30:00")


async def test_preferences_switched_off_queue_nothing_until_they_are_on_again(
    box: BoxWorld,
) -> None:
    await box.person(at="09:30")
    await cron(box, "09:00:00")
    await prefer(box, isActive=False)
    assert (await briefs(box), await next_run(box)) == ({}, None)
    for hour in ("09:10:00", "10:00:00", "2024-10-24T09:00:00Z"):
        assert await cron(box, hour) == {"due": 0, "queued": 0, "skipped": 0}
    await prefer(box, isActive=True)
    assert await briefs(box) == {
        "ada": ("2024-10-24", "2024-10-24T09:28:00", "2024-10-24T09:30:00")
    }


async def test_a_change_while_a_due_brief_still_waits_does_not_lose_it(box: BoxWorld) -> None:
    """At 09:40 the next 09:30 is tomorrow's: taken back, today's would never come."""
    await box.person(at="09:30")
    await cron(box, "09:00:00")
    box.clock.set(f"{OCT_23}09:40:00Z")
    await prefer(box, smsDailyBrief=True)
    assert await briefs(box) == {"ada": ("2024-10-23", "09:28:00", "09:30:00")}
    assert await next_run(box) == "2024-10-24T09:30:00"
    await prefer(box, timeOfDay="10:30")
    assert await skips(box) == [("ada", "10:30:00", "already_queued")]
    await box.work()
    assert len(box.outbox) == 1


async def test_a_due_brief_that_still_waits_goes_when_briefs_are_switched_off(
    box: BoxWorld,
) -> None:
    await box.person(at="09:30")
    await cron(box, "09:00:00")
    box.clock.set(f"{OCT_23}09:40:00Z")
    await prefer(box, isActive=False)
    assert await briefs(box) == {}


async def test_a_brief_asked_for_by_hand_survives_a_change_of_the_schedule(
    box: BoxWorld,
) -> None:
    await box.person(at="15:00")
    await box.post("/queue/brief", {"userId": "ada", "scheduledFor": f"{OCT_23}12:00:00Z"})
    await prefer(box, timeOfDay="16:00")
    assert await briefs(box) == {"ada": ("2024-10-23", "12:00:00", "12:00:00")}


# People who have stopped visiting.


async def away(box: BoxWorld, days: int, at: str = "09:30") -> None:
    """A user who was last here so many days ago."""
    await box.person(at=at)
    visit = box.clock.now() - timedelta(days=days)
    await box.sync(users=[{"id": "ada", "lastVisitAt": to_text(visit)}])


async def options(box: BoxWorld) -> list[Any]:
    return [msgspec.json.decode(job["metadata"]).get("options") for job in await box.jobs()]


async def test_a_resting_user_is_skipped_with_the_reason(tmp_path: Path) -> None:
    async with open_world(tmp_path, settings=BACKOFF) as box:
        await away(box, 3)
        assert await cron(box, "09:00:00") == {"due": 1, "queued": 0, "skipped": 1}
        assert await skips(box) == [("ada", "09:30:00", "resting: resting after the last visit")]
        assert await next_run(box) == "2024-10-24T09:30:00"


async def test_a_brief_that_calls_back_says_so_in_its_job(tmp_path: Path) -> None:
    async with open_world(tmp_path, settings=BACKOFF) as box:
        await away(box, 4)
        await cron(box, "09:00:00")
        assert await options(box) == [
            {
                "isReengagement": True,
                "daysSinceLastLogin": 4,
                "engagementStage": "first_reengagement",
                "bySchedule": True,
            }
        ]


async def test_without_the_backoff_everyone_gets_every_brief(box: BoxWorld) -> None:
    await away(box, 100)
    assert (await cron(box, "09:00:00"))["queued"] == 1
    assert await options(box) == [{"bySchedule": True}]


async def test_the_days_of_absence_are_counted_on_the_users_own_calendar(tmp_path: Path) -> None:
    """Sunday 23:30 to Wednesday 00:30 in Kiritimati are three days there, two in UTC."""
    async with open_world(tmp_path, at="2024-10-22T09:00:00Z", settings=BACKOFF) as box:
        await box.person(zone="Pacific/Kiritimati", at="00:30")
        await box.sync(users=[{"id": "ada", "lastVisitAt": "2024-10-20T09:30:00Z"}])
        await cron(box, "2024-10-22T10:00:00Z")
        assert [reason for _, _, reason in await skips(box)] == [
            "resting: resting after the last visit"
        ]


async def test_a_brief_that_calls_back_is_not_lost_when_the_schedule_changes(
    tmp_path: Path,
) -> None:
    async with open_world(tmp_path, settings=BACKOFF) as box:
        await away(box, 4)
        await cron(box, "09:00:00")
        await prefer(box, timeOfDay="11:30")
        await cron(box, "11:00:00")
        assert await briefs(box) == {"ada": ("2024-10-23", "11:28:00", "11:30:00")}
        assert await skips(box) == []


async def test_a_brief_that_calls_back_but_never_went_out_is_tried_the_next_day(
    tmp_path: Path,
) -> None:
    async with open_world(tmp_path, settings=BACKOFF) as box:
        await away(box, 4)
        await cron(box, "09:00:00")
        (job,) = await box.jobs()
        await box.post(f"/jobs/{job['queue_job_id']}/cancel")
        await cron(box, "2024-10-24T09:00:00Z")
        assert [option["daysSinceLastLogin"] for option in await options(box)] == [4, 5]
        box.clock.set("2024-10-24T09:30:00Z")
        await box.work()
        await cron(box, "2024-10-25T09:00:00Z")
        assert [reason for _, _, reason in await skips(box)] == [
            "resting: the first re-engagement brief was sent"
        ]


# Asking for a day.


@pytest.mark.parametrize("text", ["2024-W43-3", "20241023", "2024-02-30", "0001-01-01", "today"])
async def test_a_day_is_read_the_same_way_wherever_one_is_asked_for(
    box: BoxWorld, text: str
) -> None:
    await box.person()
    message = f"{text!r} is not a day; write it like 2024-10-23"
    for method, path, body in (
        ("POST", "/queue/brief", {"userId": "ada", "briefDate": text}),
        ("GET", f"/users/ada/briefs/{text}", None),
        ("GET", f"/users/ada/briefs?cursor={text}", None),
    ):
        answer = await box.call(method, path, body)
        assert (answer.status_code, message in answer.text) == (422, True), answer.text


async def test_an_instant_outside_the_calendar_is_a_fault_of_the_request(box: BoxWorld) -> None:
    await box.person()
    answer = await box.call(
        "POST", "/queue/brief", {"userId": "ada", "scheduledFor": "0001-01-01T00:00:00+14:00"}
    )
    assert answer.status_code == 422


async def test_a_brief_of_another_day_near_midnight_does_not_stand_for_tomorrows(
    tmp_path: Path,
) -> None:
    async with open_world(tmp_path, at=f"{OCT_23}23:50:00Z") as box:
        await box.person()
        await box.post("/queue/brief", {"userId": "ada", "briefDate": "2024-10-23"})
        await box.work()
        await prefer(box, timeOfDay="00:10")
        assert (await briefs(box))["ada"][0] == "2024-10-24"
        assert await skips(box) == []


async def test_what_was_due_before_a_restore_is_skipped_and_says_so(box: BoxWorld) -> None:
    await box.person("before", at="09:30")
    await box.person("after", at="09:50")
    restored = box.clock.now().replace(hour=9, minute=40)
    await box.db.write(
        lambda tx: epoch_store.begin(tx, restored, backup_at=None, resume_sends=False)
    )
    assert await cron(box, "09:45:00") == {"due": 2, "queued": 1, "skipped": 1}
    assert list(await briefs(box)) == ["after"]
    assert await skips(box) == [("before", "09:30:00", "before_restore")]
