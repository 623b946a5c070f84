import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from buildos_box.clock import from_text
from buildos_box.tui.app import BoxApp
from buildos_box.tui.filter import WrongWord, parse
from buildos_box.tui.table import Table
from tests.cli.served import Cli, Served, served_box
from tests.realtime.streams import Live, served

NOW = from_text("2024-10-23T08:00:00Z")


async def until(pilot: Pilot[None], true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await pilot.pause(0.02)


def text_of(app: BoxApp, selector: str) -> str:
    return str(app.screen.query_one(selector, Static).render())


def statuses(app: BoxApp) -> list[str]:
    table = app.query_one("#job-table", Table)
    return [str(cell) for cell in table.get_column("status")]


async def brief_asked(live: Live) -> str:
    await live.world.person("ada")
    return (await live.world.post("/queue/brief", {"userId": "ada"}))["jobId"]


async def test_overview_counts_and_follows(tmp_path: Path) -> None:
    async with served(tmp_path / "data") as live:
        app = BoxApp(str(live.http.base_url), live.world.token)
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: "lanes" in text_of(app, "#lines"))
            assert "No jobs yet" in text_of(app, "#lines")
            assert "live" in text_of(app, "#status")
            await brief_asked(live)
            await until(pilot, lambda: app.query_one("#counts", Table).row_count == 1)
            assert "No jobs yet" not in text_of(app, "#lines")


async def test_jobs_are_filtered_cancelled_after_a_question_and_retried(tmp_path: Path) -> None:
    async with served(tmp_path / "data") as live:
        job_id = await brief_asked(live)
        app = BoxApp(str(live.http.base_url), live.world.token)
        async with app.run_test(size=(100, 24)) as pilot:
            await pilot.press("2")
            await until(pilot, lambda: statuses(app) == ["· waiting"])
            await until(pilot, lambda: "generate_daily_brief" in app.export_screenshot())
            await pilot.press("c")
            await until(pilot, lambda: bool(app.screen.query("#question")))
            assert "Cancel 1 job?" in text_of(app, "#question")
            await pilot.press("n")
            assert (await live.world.get(f"/jobs/{job_id}"))["status"] == "pending"
            await pilot.press("c", "y")
            await until(pilot, lambda: statuses(app) == ["– cancelled"])
            await pilot.press("r")
            await until(pilot, lambda: statuses(app) == ["· waiting"])
            await pilot.press("enter")
            await until(pilot, lambda: bool(app.screen.query("#reading")))
            assert job_id in text_of(app, "#reading")
            await pilot.press("escape", "slash", *"nobody", "enter")
            await until(pilot, lambda: "No job matches nobody" in text_of(app, "#job-note"))


async def test_read_only_changes_nothing(tmp_path: Path) -> None:
    async with served(tmp_path / "data") as live:
        job_id = await brief_asked(live)
        app = BoxApp(str(live.http.base_url), live.world.token, read_only=True)
        async with app.run_test() as pilot:
            await pilot.press("2")
            await until(pilot, lambda: statuses(app) == ["· waiting"])
            await pilot.press("c", "y")
            assert (await live.world.get(f"/jobs/{job_id}"))["status"] == "pending"
            assert len(app.screen_stack) == 1


async def test_a_stopped_box_is_told_of(tmp_path: Path) -> None:
    async with served(tmp_path / "data") as live:
        app = BoxApp(str(live.http.base_url), live.world.token)
        async with app.run_test() as pilot:
            await until(pilot, lambda: "live" in text_of(app, "#status"))
            await live.stop()
            await until(pilot, lambda: "DISCONNECTED" in text_of(app, "#banner"))


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
def box(tmp_path_factory: pytest.TempPathFactory):
    with served_box(tmp_path_factory.mktemp("box")) as found:
        yield found


def test_a_wrong_token_is_one_line_and_exit_code_4(box: Served) -> None:
    said = Cli(box.url, "wrong").fails("tui", code=4)
    assert len(said.strip().splitlines()) == 1


def test_filters_ask_the_server_what_it_can_answer() -> None:
    found = parse("type:daily_brief -status:done lane:llm since:2h hello world", NOW)
    assert found.asked == {
        "type": "daily_brief",
        "since": "2024-10-23T06:00:00.000Z",
        "text": "hello world",
    }
    job = {"job_type": "daily_brief", "status": "failed", "lane": "llm"}
    assert found.keeps(job)
    assert not found.keeps({**job, "status": "completed"})
    assert not found.keeps({**job, "lane": "sms"})


@pytest.mark.parametrize("text", ["colour:red", "status:odd", "since:soon", "type:"])
def test_a_wrong_word_is_named(text: str) -> None:
    with pytest.raises(WrongWord, match=text.split(":")[0]):
        parse(text, NOW)


def test_ids_keep_their_case() -> None:
    found = parse("user:Ada", NOW)
    assert found.asked == {"user": "Ada"}
    assert found.keeps({"user_id": "Ada"})
    assert not found.keeps({"user_id": "ada"})
