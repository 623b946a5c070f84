"""Every action, screen, job, user, lane and cron by its words."""

from pathlib import Path

from tests.realtime.streams import served
from tests.tui.dashboard import Dash, dashboard, queue_brief


async def choose(dash: Dash, words: str, seen: str) -> None:
    await dash.press("ctrl+p")
    await dash.type(words)
    await dash.sees(seen)
    await dash.press("enter")


async def test_actions_of_other_screens_are_found(tmp_path: Path) -> None:
    async with served(tmp_path / "data") as live:
        await queue_brief(live.world)
        async with dashboard(live) as dash:
            await choose(dash, "forecast", "Schedule: Forecast")
            await dash.sees("7 days: 1 will be sent")
            await dash.press("escape")
            await choose(dash, "pause lane email", "Pause lane email")
            await dash.sees("lane email: paused")
            await choose(dash, "chart of fail", "Chart of Failures")
            await dash.sees("▸7 Charts", "Failures by type")
            await choose(dash, "run cron backup", "Run cron backup now")
            await dash.eventually("/schedule", crons=lambda crons: any(c["lastRun"] for c in crons))


async def test_jobs_and_users_are_found_by_their_names(tmp_path: Path) -> None:
    async with served(tmp_path / "data") as live:
        job = await queue_brief(live.world, "ada")
        async with dashboard(live) as dash:
            await choose(dash, job, f"Open {job}")
            await dash.sees("TRAIL", job)
            await choose(dash, "jobs of ada", "Jobs of ada Ada")
            await dash.sees("▸2 Jobs", "user:ada")
            await choose(dash, "brief now for ada", "Brief now for ada Ada")
            await dash.eventually("/users/ada/jobs", jobs=lambda jobs: len(jobs) == 1)


async def test_what_was_used_lately_comes_first(tmp_path: Path) -> None:
    async with served(tmp_path / "data") as live, dashboard(live) as dash:
        await choose(dash, "archived jobs", "archived:yes")
        await dash.sees("No job matches archived:yes")
        await dash.press("ctrl+p")
        await dash.sees("Archived jobs", "Go to Overview")
        assert dash.screen().index("Archived jobs") < dash.screen().index("Go to Overview")
        await dash.press("escape")


async def test_what_was_used_lately_comes_first_among_what_is_sought(tmp_path: Path) -> None:
    async with served(tmp_path / "data") as live, dashboard(live) as dash:
        await choose(dash, "chart of model", "Chart of Model cost")
        await dash.sees("Model cost, last 1 h")
        await dash.press("ctrl+p")
        await dash.type("chart of")
        await dash.sees("Chart of Wait", "Chart of Model cost")
        shown = dash.screen()
        assert shown.index("Chart of Model cost") < shown.index("Chart of Wait")
        await dash.press("escape")


async def test_a_viewer_is_offered_nothing_that_acts(tmp_path: Path) -> None:
    async with served(tmp_path / "data") as live:
        await queue_brief(live.world)
        token = await live.world.token_for("viewer")
        async with dashboard(live, token=token) as dash:
            await dash.press("ctrl+p")
            await dash.type("lane")
            await dash.pilot.pause(0.5)
            assert "Pause" not in dash.screen().replace("p Pause", "")
