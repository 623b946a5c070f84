"""The server's log in the dashboard."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from buildos_box.log import logger
from buildos_box.tui.log import facts_of
from tests.captured_log import logged
from tests.realtime.streams import served
from tests.tui.dashboard import dashboard, queue_brief


@pytest.fixture(autouse=True)
def _logging() -> Iterator[None]:
    with logged():
        yield


async def test_what_the_box_logged_of_a_failed_job_is_on_the_screen(tmp_path: Path) -> None:
    async with served(tmp_path / "data") as live:
        await live.world.person("ada")
        request = {"userId": "ada", "phoneNumber": "+14155552671", "message": "Hi"}
        job = (await live.world.post("/queue/sms", request))["jobId"]
        await live.world.work()
        async with dashboard(live) as dash:
            await dash.press("2", "slash")
            await dash.type("status:failed")
            await dash.press("enter")
            await dash.until(lambda: dash.column("jobs-table", "type") == ["send_sms"])
            await dash.press("enter")
            await dash.sees("ATTEMPTS", "l Log")
            await dash.press("l")
            await dash.sees("▸8 Log", f"job:{job}", "attempt_failed", "error=SMS not configured")
            assert set(dash.column("log-table", "what")) == {"attempt_failed"}
            await dash.press("enter")
            await dash.sees("ATTEMPTS", job)


async def test_new_lines_follow_until_they_are_paused(tmp_path: Path) -> None:
    async with served(tmp_path / "data") as live, dashboard(live) as dash:
        log = logger("test")
        await dash.press("8")
        log.info("first_line")
        await dash.sees("first_line", "live")
        await dash.press("p")
        await dash.sees("paused: p goes on")
        log.info("second_line")
        await dash.pilot.pause(1.5)
        assert "second_line" not in dash.screen()
        await dash.press("p")
        await dash.sees("second_line", "live")


async def test_the_chosen_line_is_told_whole(tmp_path: Path) -> None:
    async with served(tmp_path / "data") as live, dashboard(live) as dash:
        log = logger("test")
        await dash.press("8", "slash")
        await dash.type("tower")
        await dash.press("enter")
        for name in ("first", "second"):
            log.warning(f"tower_{name}", error=f"{'very ' * 20}{name} end")
        await dash.sees("2 lines", "second end")
        assert "first end" not in dash.screen()
        await dash.press("k")
        await dash.sees("first end")


async def test_lines_are_filtered_by_level_and_words(tmp_path: Path) -> None:
    async with served(tmp_path / "data") as live, dashboard(live) as dash:
        log = logger("test")
        log.info("harmless", colour="blue")
        log.warning("graver", colour="blue")
        await dash.press("8")
        await dash.sees("harmless", "graver")
        await dash.press("slash")
        await dash.type("level:warning blue")
        await dash.press("enter")
        await dash.sees_not("harmless")
        await dash.sees("graver", "1 line")
        await dash.press("escape")
        await dash.sees("harmless")
        await dash.press("slash")
        await dash.type("level:loud")
        await dash.press("enter")
        await dash.sees("✗ level:loud: level is one of debug, info, warning, error")
        log.warning("meanwhile", colour="red")
        await dash.sees("meanwhile", "✗ level:loud")
        await dash.press("escape", "escape")
        await dash.sees_not("✗ level:loud")


async def test_a_filter_that_nothing_matches_is_named(tmp_path: Path) -> None:
    async with served(tmp_path / "data") as live, dashboard(live) as dash:
        await dash.press("8", "slash")
        await dash.type("nowhere")
        await dash.press("enter")
        await dash.sees("No line matches nowhere: esc clears the filter")


async def test_who_is_no_admin_is_told_whose_the_log_is(tmp_path: Path) -> None:
    async with served(tmp_path / "data") as live:
        job = await queue_brief(live.world)
        token = await live.world.token_for("service")
        async with dashboard(live, token=token) as dash:
            await dash.press("8")
            await dash.sees("The log is for admins")
            dash.app.open_job(job)
            await dash.sees("TRAIL")
            assert "l Log" not in dash.screen()


def test_what_went_wrong_comes_first() -> None:
    line = {"facts": {"attempt": 1, "code": "no", "error": "bad\x1b[2J", "empty": None}}
    assert facts_of(line) == "error=bad [2J  code=no  attempt=1"
