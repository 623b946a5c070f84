"""What surrounds every screen: connection, rights, errors, keys, themes."""

import asyncio
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from buildos_box.client import BoxRefused
from buildos_box.clock import from_text
from buildos_box.tui.app import SCREENS, BoxApp
from buildos_box.tui.status_bar import banner_words
from buildos_box.tui.theme import other, theme_for
from tests.cli.served import Cli, Served, clean_environment, served_box
from tests.realtime.streams import served
from tests.tui.dashboard import Dash, dashboard, dashboard_of_new_box, queue_brief


async def test_every_screen_has_its_key_and_says_what_to_do_when_empty(tmp_path: Path) -> None:
    async with dashboard_of_new_box(tmp_path) as dash:
        await dash.sees("✓ nothing is wrong", "buildos-box demo", "lanes")
        for key, words in {
            "2": "No jobs yet",
            "3": "realtime_cleanup",
            "4": "Nothing has been sent yet",
            "5": "No users yet",
            "6": "Nothing to clean up",
            "7": "nothing in this time",
            "8": "p Pause",
            "1": "lanes",
        }.items():
            await dash.press(key)
            await dash.sees(words, f"▸{key} {SCREENS[int(key) - 1].title()}")
        await dash.press("question_mark")
        await dash.sees("Filter words of jobs")
        await dash.press("escape", "t")
        assert dash.app.theme.endswith("-light")


async def test_the_palette_finds_actions_by_their_words(tmp_path: Path) -> None:
    async with dashboard_of_new_box(tmp_path) as dash:
        await dash.press("ctrl+p")
        await dash.type("failed jobs")
        await dash.sees("status:failed")
        await dash.press("enter")
        await dash.sees("No job matches status:failed")


async def test_a_viewer_is_offered_no_key_that_acts(tmp_path: Path) -> None:
    async with served(tmp_path / "data") as live:
        job_id = await queue_brief(live.world)
        token = await live.world.token_for("viewer")
        async with dashboard(live, token=token) as dash:
            await dash.sees("viewer read-only")
            for key, words in {"1": "Pause", "3": "Run now", "5": "Brief now", "6": "X"}.items():
                await dash.press(key)
                await dash.sees("q Quit")
                assert words not in dash.screen().splitlines()[-1]
            await dash.press("2")
            await dash.sees("· waiting")
            await dash.press("c", "r", "exclamation_mark", "y")
            await dash.press("enter")
            await dash.sees("TRAIL", "esc Back")
            assert "Cancel" not in dash.screen()
            await dash.press("c")
            await dash.pilot.pause(0.1)
            assert (await live.world.get(f"/jobs/{job_id}"))["status"] == "pending"


async def test_read_only_holds_for_an_admin_too(tmp_path: Path) -> None:
    async with served(tmp_path / "data") as live:
        job_id = await queue_brief(live.world)
        async with dashboard(live, read_only=True) as dash:
            await dash.press("2")
            await dash.sees("· waiting", "read-only")
            assert "Cancel" not in dash.screen()
            await dash.press("c", "y")
            assert (await live.world.get(f"/jobs/{job_id}"))["status"] == "pending"


async def test_a_service_token_may_act_but_runs_no_cron(tmp_path: Path) -> None:
    async with served(tmp_path / "data") as live:
        token = await live.world.token_for("service")
        async with dashboard(live, token=token) as dash:
            await dash.press("3")
            await dash.sees("realtime_cleanup")
            assert "Run now" not in dash.screen()
            await dash.press("6")
            await dash.sees("X Clean up")


async def test_what_the_box_refuses_is_told_in_its_words(tmp_path: Path) -> None:
    async with served(tmp_path / "data") as live:
        await queue_brief(live.world)
        await live.world.work()
        async with dashboard(live) as dash:
            await dash.press("2")
            await dash.sees("✓ done")
            await dash.press("r")
            await dash.sees("retry: 0 of 1")


async def test_a_refusal_has_its_code_and_reference_if_the_box_gave_any(tmp_path: Path) -> None:
    async with dashboard_of_new_box(tmp_path) as dash:
        assert not dash.app.tell_refused(BoxRefused(502, {}))
        await dash.sees("the server answered 502")
        assert "the server answered 502 (" not in dash.screen()
        told = {"error": "not now", "code": "busy", "correlationId": "corr-1"}
        assert not dash.app.tell_refused(BoxRefused(503, told))
        await dash.sees("not now (busy corr-1)")


async def test_two_actions_at_once_are_both_done(tmp_path: Path) -> None:
    async with dashboard_of_new_box(tmp_path) as dash:
        go = asyncio.Event()
        done: list[str] = []

        async def slow() -> None:
            await go.wait()
            done.append("slow")

        async def quick() -> None:
            done.append("quick")

        dash.app.shown.act(slow)
        dash.app.shown.act(quick)
        await dash.until(lambda: done == ["quick"])
        go.set()
        await dash.until(lambda: done == ["quick", "slow"])


async def test_a_stopped_box_greys_what_is_shown_and_its_return_brings_it_back(
    tmp_path: Path,
) -> None:
    async with served(tmp_path / "data") as first:
        await queue_brief(first.world)
        port = first.server.servers[0].sockets[0].getsockname()[1]
        token, clock = first.world.token, first.world.clock
        app = BoxApp(f"http://127.0.0.1:{port}", token, clock=clock)
        async with app.run_test(size=(80, 24)) as pilot:
            dash = Dash(app, pilot, first)
            await dash.sees("● live", "generate_daily_brief")
            await first.stop()
            clock.set(from_text("2024-10-23T08:00:07Z"))
            await dash.sees("DISCONNECTED", "○ disconnected", "7 s old", "generate_daily_brief")
            assert app.query_one("ContentSwitcher").has_class("stale")
            await first.world.box.close()
            async with served(tmp_path / "data", clock=clock, port=port) as again:
                await queue_brief(again.world, "bob")
                await dash.sees("● live")
                await dash.until(lambda: dash.column("counts", "due") == ["2"])
                await dash.sees_not("DISCONNECTED")
                assert not app.query_one("ContentSwitcher").has_class("stale")


async def test_a_token_the_box_does_not_know_ends_it(tmp_path: Path) -> None:
    async with served(tmp_path / "data") as live:
        app = BoxApp(str(live.http.base_url), "wrong")
        async with app.run_test():
            async with asyncio.timeout(10):
                while app.return_code is None:
                    await asyncio.sleep(0.02)
        assert app.return_code == 4
        assert app.refusal


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with served_box(tmp_path_factory.mktemp("box")) as found:
        yield found


def in_a_terminal(url: str, token: str) -> tuple[int, str]:
    """`buildos-box tui` where keys and screen are: its exit code, and its errors."""
    outside, inside = pty.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "buildos_box.cli.main", "tui", "--url", url, "--token", token],
            stdin=inside,
            stdout=inside,
            stderr=subprocess.PIPE,
            env=clean_environment(),
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(inside)
        os.close(outside)
    return done.returncode, done.stderr


def test_a_wrong_token_is_one_line_and_exit_code_4(box: Served) -> None:
    code, said = in_a_terminal(box.url, "wrong")
    assert code == 4
    assert len(said.strip().splitlines()) == 1


def test_no_box_is_said_and_exit_code_3() -> None:
    code, said = in_a_terminal("http://127.0.0.1:9", "t")
    assert code == 3
    assert "no server answers" in said


def test_without_a_terminal_that_is_said_before_a_server_is_asked() -> None:
    said = Cli("http://127.0.0.1:9", "t").fails("tui", code=2)
    assert "needs a terminal" in said


@pytest.mark.parametrize(
    ("env", "theme"),
    [
        ({"TERM": "xterm-256color"}, "textual-dark"),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "textual-dark"),
        ({"TERM": "xterm-256color", "COLORFGBG": "0;15"}, "textual-light"),
        ({"TERM": "xterm-16color", "COLORFGBG": "15;default;0"}, "ansi-dark"),
        ({"TERM": "linux", "COLORFGBG": "0;7"}, "ansi-light"),
        ({}, "ansi-dark"),
    ],
)
def test_the_theme_fits_the_terminal(env: dict[str, str], theme: str) -> None:
    assert theme_for(env) == theme
    assert other(other(theme)) == theme


def test_too_small_a_terminal_asks_for_room_and_a_lost_box_goes_first() -> None:
    now = from_text("2024-10-23T08:05:00Z")
    assert banner_words("", now, now, (80, 24)) == ""
    assert "60×20" in banner_words("", now, now, (60, 20))
    assert "Nothing is loaded yet" in banner_words("gone", None, now, (60, 20))
    assert "5 min old" in banner_words("gone", from_text("2024-10-23T08:00:00Z"), now, (80, 24))
