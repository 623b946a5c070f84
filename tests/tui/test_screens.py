"""Each screen and each of its actions, against a real box."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from textual.widgets import Static

from buildos_box.client import BoxEvent
from buildos_box.jobs.attempt import Attempt
from buildos_box.tui.app import BoxApp
from buildos_box.tui.base_screen import REPAINT_SECONDS
from buildos_box.tui.grid import Grid
from buildos_box.tui.job import JobView
from buildos_box.tui.jobs import Jobs
from buildos_box.tui.list_screen import PAGE
from buildos_box.tui.overview import Overview
from buildos_box.webhooks import store as webhooks
from tests.realtime.streams import served
from tests.tui.dashboard import (
    WITH_SMS,
    dashboard,
    dashboard_of_new_box,
    queue_brief,
    quiet_nights,
)

LATER = "2024-10-25T08:00:00Z"


async def test_overview_counts_follows_and_leads_on(tmp_path: Path) -> None:
    async with dashboard_of_new_box(tmp_path) as dash:
        await queue_brief(dash.world)
        await dash.until(lambda: dash.column("counts", "due") == ["1"])
        await dash.world.work()
        await dash.world.post(
            "/queue/sms", {"userId": "ada", "phoneNumber": "+14155552671", "message": "hello"}
        )
        await dash.world.work()
        await dash.press("ctrl+r")
        await dash.until(lambda: dash.column("counts", "failed").count("1") == 1)
        await dash.sees("! 1 failed in the last hour: send_sms (all since ", "[f] show")
        await dash.sees("models  none set", "disk", "█")
        await dash.press("f")
        await dash.sees("status:failed", "SMS not confi", "1 job")
        await dash.press("1", "g", "enter")
        await dash.sees("type:generate_brief_email", "✓ done")


async def test_a_lane_is_paused_and_resumed_from_the_overview(tmp_path: Path) -> None:
    async with dashboard_of_new_box(tmp_path) as dash:
        await dash.sees("llm")
        await dash.press("P")
        await dash.sees("pause   llm")
        await dash.press("enter")
        await dash.sees("! paused: lane llm", "PAUSED")
        (pause,) = (await dash.world.get("/queue/lanes"))["pauses"]
        assert (pause["kind"], pause["name"]) == ("lane", "llm")
        await dash.press("P")
        await dash.sees("resume  llm")
        await dash.press("enter")
        await dash.sees_not("PAUSED")
        assert (await dash.world.get("/queue/lanes"))["pauses"] == []


async def test_a_running_job_shows_how_far_it_is(tmp_path: Path) -> None:
    async with dashboard_of_new_box(tmp_path) as dash:
        await queue_brief(dash.world)
        claimed = await dash.world.claim()
        assert claimed is not None
        await dash.sees("now     generate_daily_brief ada")
        attempt = Attempt(claimed, None, dash.world.db, dash.world.clock, {})  # type: ignore[type-var]
        await attempt.progress(75, "Writing analysis")
        await dash.sees("75 % Writing analysis")
        await dash.press("2")
        await dash.sees("▶ running", "███", "75 %")


async def test_jobs_are_filtered_cancelled_after_a_question_and_retried(tmp_path: Path) -> None:
    async with served(tmp_path / "data") as live:
        job_id = await queue_brief(live.world)
        async with dashboard(live) as dash:
            await dash.press("2")
            await dash.until(lambda: dash.column("jobs-table", "status") == ["· waiting"])
            await dash.press("c")
            await dash.sees("Cancel 1 waiting job of type generate_daily_brief?")
            await dash.answer("n")
            assert (await live.world.get(f"/jobs/{job_id}"))["status"] == "pending"
            await dash.press("c")
            await dash.answer("y")
            await dash.until(lambda: dash.column("jobs-table", "status") == ["– cancelled"])
            await dash.press("r")
            await dash.until(lambda: dash.column("jobs-table", "status") == ["· waiting"])
            await dash.press("exclamation_mark")
            await dash.eventually(f"/jobs/{job_id}", priority=1)
            await dash.press("slash")
            await dash.type("nobody")
            await dash.press("enter")
            await dash.sees("No job matches nobody: esc clears the filter")
            await dash.press("escape")
            await dash.sees("1 job")
            await dash.press("slash")
            await dash.type("stat")
            await dash.press("tab")
            await dash.type("wrong")
            await dash.press("enter")
            await dash.sees("✗ status:wrong: a status is one of")


async def test_many_jobs_are_selected_and_the_question_has_their_count(tmp_path: Path) -> None:
    async with served(tmp_path / "data") as live:
        ids = [
            await queue_brief(live.world, user, scheduledFor=LATER) for user in ("a1", "b1", "c1")
        ]
        async with dashboard(live) as dash:
            await dash.press("2")
            await dash.sees("3 jobs")
            await dash.press("space", "space")
            await dash.sees("2 selected")
            await dash.press("c")
            await dash.sees("Cancel 2 jobs (2 waiting)?")
            await dash.answer("y")
            await dash.until(
                lambda: (
                    dash.column("jobs-table", "status")
                    == ["– cancelled", "– cancelled", "· waiting"]
                )
            )
            assert (await live.world.get(f"/jobs/{ids[0]}"))["status"] == "pending"


async def test_rows_do_not_move_under_a_person_and_what_is_new_is_told(tmp_path: Path) -> None:
    async with served(tmp_path / "data") as live:
        for user in ("a1", "b1", "c1"):
            await queue_brief(live.world, user, scheduledFor=LATER)
        async with dashboard(live) as dash:
            await dash.press("2")
            await dash.sees("3 jobs")
            await dash.press("j")
            chosen = dash.app.query_one("#jobs-table", Grid).chosen
            await queue_brief(live.world, "d1", scheduledFor=LATER)
            await dash.sees("1 new: n shows them")
            assert dash.column("jobs-table", "user") == ["c1", "b1", "a1"]
            assert dash.app.query_one("#jobs-table", Grid).chosen == chosen
            await dash.press("n")
            await dash.until(lambda: dash.column("jobs-table", "user") == ["d1", "c1", "b1", "a1"])


async def test_more_rows_are_there_before_a_held_key_comes_to_their_end(tmp_path: Path) -> None:
    async with served(tmp_path / "data") as live:
        for number in range(PAGE + 5):
            await queue_brief(live.world, f"user{number}", scheduledFor=LATER)
        async with dashboard(live) as dash:
            await dash.press("2")
            grid = dash.app.query_one("#jobs-table", Grid)
            await dash.until(lambda: grid.row_count == PAGE)
            await dash.press(*["j"] * (PAGE // 2))
            await dash.until(lambda: grid.row_count == PAGE + 5)
            assert grid.cursor == PAGE // 2


async def test_a_job_opens_with_its_timeline_and_data_and_lives(tmp_path: Path) -> None:
    async with served(tmp_path / "data") as live:
        job_id = await queue_brief(live.world)
        async with dashboard(live) as dash:
            await dash.press("2")
            await dash.sees("· waiting")
            await dash.press("enter")
            await dash.sees(job_id, "ATTEMPTS", "none yet", "PAYLOAD", '"userId": "ada"', "RESULT")
            await dash.press("c")
            await dash.sees(f"Cancel {job_id}?")
            await dash.answer("y")
            await dash.sees("– cancelled")
            await dash.press("r")
            await dash.sees("· waiting")
            await live.world.work()
            await dash.sees("✓ done", "completed")
            await dash.press("o")
            await dash.sees("corr:corr-", "generate_brief_email", "generate_daily_brief")


async def test_on_a_wide_terminal_jobs_and_events_stand_beside_the_list(tmp_path: Path) -> None:
    async with dashboard_of_new_box(tmp_path, size=(160, 48)) as dash:
        await dash.sees("EVENTS")
        job_id = await queue_brief(dash.world)
        await dash.sees("· waiting generate_daily_brief ada")
        await dash.press("2")
        await dash.sees("ATTEMPTS", "PAYLOAD", job_id)


async def test_crons_are_shown_and_run_and_next_briefs_too(tmp_path: Path) -> None:
    async with served(tmp_path / "data") as live:
        await live.world.person("ada", zone="Europe/Berlin", at="18:30")
        async with dashboard(live) as dash:
            await dash.press("3")
            await dash.sees("realtime_cleanup", "never")
            await dash.sees("Ada", "Wed 18:30", "Europe/Berlin", "16:30:00")
            grid = dash.app.query_one("#crons", Grid)
            while grid.chosen != "briefs":
                await dash.press("j")
            await dash.sees("Queues the briefs that are due")
            await dash.press("r")
            await dash.sees("✓ ok", "last: due 0, queued 0, skipped 0")
            while grid.chosen != "cleanup":
                await dash.press("j")
            await dash.press("r")
            await dash.sees("deleted 0, dry run no")
            states = {c["name"]: c for c in (await live.world.get("/schedule"))["crons"]}
            assert states["briefs"]["lastRun"]["cause"] == "by_hand"


async def test_what_will_be_sent_is_foretold_with_what_is_moved_and_skipped(
    tmp_path: Path,
) -> None:
    async with served(tmp_path / "data", settings=WITH_SMS) as live:
        await quiet_nights(live.world)
        before = await live.world.get("/queue/stats")
        async with dashboard(live) as dash:
            await dash.press("3")
            await dash.sees("realtime_cleanup", "f Forecast")
            await dash.press("f")
            await dash.sees("8 will be sent, 1 of them moved by quiet hours; 8 skipped")
            await dash.sees("16:30:00", "brief", "email", "2024-10-23", "✓ sent", "d Days")
            await dash.sees("Early", "↻ from 05:30: quiet hours u")
            await dash.sees("Dawn", "✗ quiet hours", "✗ unsubscribed")
            assert await live.world.get("/queue/stats") == before
            await dash.press("j", "j")
            await dash.sees("reminder of ada, Early: ↻ from 05:30: quiet hours until 08:00 Europe")
            await dash.press("d")
            await dash.sees("30 days:")
            await dash.press("enter")
            await dash.sees("user:ada", "1 loaded")


async def test_deliveries_of_every_channel_are_listed_filtered_and_read(tmp_path: Path) -> None:
    async with served(tmp_path / "data") as live:
        await queue_brief(live.world)
        await live.world.post(
            "/queue/sms", {"userId": "ada", "phoneNumber": "+14155552671", "message": "hello"}
        )
        await live.world.work()
        async with dashboard(live) as dash:
            await dash.press("4")
            await dash.sees("✓ sent", "✗ failed", "SMS not configured")
            await dash.press("slash")
            await dash.type("channel:email")
            await dash.press("enter")
            await dash.until(lambda: dash.column("deliveries-table", "over") == ["email"])
            await dash.press("enter")
            await dash.sees("to ada@example.org", "Nothing planned", "LOG")
            await dash.press("escape", "slash", "ctrl+u")
            await dash.type("hello")
            await dash.press("enter")
            await dash.until(lambda: dash.column("deliveries-table", "over") == ["sms"])
            await dash.press("slash", "ctrl+u")
            await dash.type("channel:email")
            await dash.press("home")
            await dash.type("x")
            await dash.press("enter")
            await dash.sees("✗ xchannel:email: there is no such filter")


async def test_deliveries_of_webhooks_are_listed_with_their_error(tmp_path: Path) -> None:
    async with served(tmp_path / "data") as live:
        await live.world.person()
        await live.world.db.write(
            lambda tx: webhooks.add_subscription(
                tx,
                "webhook-1",
                url="https://10.0.0.1/hook",
                masked="https://10.0.0.1/…",
                events=["brief.completed"],
                sealed_secret="sealed with another key",
                now=live.world.clock.now(),
            )
        )
        await queue_brief(live.world)
        await live.world.work()
        async with dashboard(live) as dash:
            await dash.press("4", "slash")
            await dash.type("channel:webhook")
            await dash.press("enter")
            await dash.until(lambda: dash.column("deliveries-table", "over") == ["hook"])
            await dash.press("enter")
            await dash.sees("to https://10.0.0.1/", "brief.completed event-", "another secret.key")


async def test_users_get_a_brief_now_and_lead_to_what_is_theirs(tmp_path: Path) -> None:
    async with served(tmp_path / "data") as live:
        await live.world.person("ada", zone="Europe/Berlin", at="18:30")
        await live.world.person("bob")
        async with dashboard(live) as dash:
            await dash.press("5")
            await dash.until(lambda: dash.column("users-table", "user") == ["bob", "ada"])
            assert dash.column("users-table", "next brief") == ["–", "16:30:00"]
            await dash.press("slash")
            await dash.type("ada@")
            await dash.press("enter")
            await dash.until(lambda: dash.column("users-table", "user") == ["ada"])
            await dash.press("b")
            await dash.eventually("/users/ada/jobs", jobs=lambda jobs: len(jobs) == 1)
            await live.world.work()
            await dash.until(lambda: dash.column("users-table", "last brief") == ["✓ 2024-10-23"])
            await dash.press("d")
            await dash.sees("▸4 Deliveries", "user:ada", "Nothing planned")
            await dash.press("5", "enter")
            await dash.sees("▸2 Jobs", "user:ada", "generate_daily_brief")


async def test_cleanup_counts_dry_and_asks_with_the_number(tmp_path: Path) -> None:
    async with served(tmp_path / "data") as live:
        await queue_brief(live.world)
        await live.world.work()
        live.world.clock.advance(timedelta(days=31))
        stale = await queue_brief(live.world, "bob")
        live.world.clock.advance(timedelta(days=2))
        async with dashboard(live) as dash:
            await dash.press("6")
            dry = await live.world.post("/queue/cleanup", {"dryRun": True})
            old = dry["completedDeleted"]
            assert (dry["staleCancelled"], old > 0) == (1, True)
            await dash.sees(
                "       1  unfinished for more than 24 hours", f"{old + 1} in all", stale[:10]
            )
            await dash.press("X")
            await dash.sees(f"Cancel 1, archive 0 and delete {old}: {old + 1} jobs?")
            await dash.answer("n")
            assert (await live.world.get(f"/jobs/{stale}"))["status"] == "pending"
            await dash.press("X")
            await dash.answer("y")
            await dash.sees("Nothing to clean up")
            assert (await live.world.get(f"/jobs/{stale}"))["cancel_reason"] == "stale"


async def test_many_events_are_painted_at_most_ten_times_a_second(tmp_path: Path) -> None:
    async with served(tmp_path / "data") as live:
        await queue_brief(live.world)
        claimed = await live.world.claim()
        assert claimed is not None
        app = BoxApp(str(live.http.base_url), live.world.token)
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.press("2")
            jobs = app.query_one(Jobs)
            async with asyncio.timeout(10):
                while not jobs.window.items:
                    await pilot.pause(0.02)
            grid = jobs.grid
            painted: set[str] = set()
            started = asyncio.get_running_loop().time()
            for number in range(200):
                jobs.note(progressed(claimed.job_id, number))
                await pilot.pause(0.005)
                painted.update(grid.column("message"))
            took = asyncio.get_running_loop().time() - started
            async with asyncio.timeout(10):
                while "199" not in grid.column("message")[0]:
                    await pilot.pause(0.02)
            assert 2 < len(painted) <= 10 * took + 3


def progressed(job_id: str, number: int) -> BoxEvent:
    return BoxEvent(
        "job.progress",
        data={
            "jobId": job_id,
            "status": "processing",
            "attempts": 1,
            "progress": {"current": number / 2, "total": 100, "message": str(number)},
            "scheduledFor": "2024-10-23T08:00:00.000Z",
            "error": None,
        },
    )


async def test_a_job_that_is_left_while_it_is_fetched_ends_nothing(tmp_path: Path) -> None:
    async with served(tmp_path / "data") as live:
        job_id = await queue_brief(live.world)
        async with dashboard(live) as dash:
            view = JobView("left")
            await dash.app.screen.mount(view)
            left = view.run_worker(view.show(job_id), exit_on_error=False)
            await dash.pilot.pause()
            await view.query("*").remove()  # a screen goes part by part
            await left.wait()
            assert view.job is not None
            assert view.job["id"] == job_id


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_before_the_first_data_nothing_is_told(size: tuple[int, int]) -> None:
    app = BoxApp("http://127.0.0.1:9", "a token")
    async with app.run_test(size=size) as pilot:
        app.shown.note(BoxEvent("queue.alert", data={"message": "an event"}))
        app.query_one(Overview).on_resize()
        await pilot.pause(2 * REPAINT_SECONDS)
        lines = "\n".join(str(found.render()) for found in app.query(Static))
    assert "Loading …" in lines
    assert "nothing is wrong" not in lines
    assert "none" not in lines
