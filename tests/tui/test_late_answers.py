"""Answers that come after the viewer has asked for something else."""

import asyncio
from pathlib import Path
from typing import Any

from buildos_box.client import LiveClient
from buildos_box.log import logger
from tests.captured_log import logged
from tests.realtime.streams import served
from tests.tui.dashboard import dashboard


class HoldingClient(LiveClient):
    """Holds back one answer, after the box has given it."""

    def __init__(self, url: str, token: str | None) -> None:
        super().__init__(url, token)
        self.hold = ""
        self.held, self.go = asyncio.Event(), asyncio.Event()

    async def get(self, path: str, **params: Any) -> dict[str, Any]:
        answer = await super().get(path, **params)
        if path == self.hold:
            self.hold = ""
            self.held.set()
            await self.go.wait()
        return answer


async def test_lines_asked_for_before_a_filter_are_not_taken_for_its_lines(tmp_path: Path) -> None:
    with logged():
        async with served(tmp_path / "data") as live, dashboard(live) as dash:
            logger("test").warning("wanted_line")
            client = HoldingClient(str(live.http.base_url), live.world.token)
            dash.app.client = client
            client.hold = "/log"
            await dash.press("8")
            await client.held.wait()
            await dash.press("slash")
            await dash.type("wanted")
            await dash.press("enter")
            client.go.set()
            await dash.sees("wanted_line", "1 line ")


async def test_a_filter_given_while_more_rows_are_fetched_is_applied(tmp_path: Path) -> None:
    async with served(tmp_path / "data") as live:
        await live.world.sync(users=[{"id": f"u{n:03}", "email": f"u{n}@example.org"}
                                     for n in range(150)])  # fmt: skip
        for n in range(150):
            await live.world.post("/queue/brief", {"userId": f"u{n:03}"})
        async with dashboard(live) as dash:
            await dash.press("2")
            await dash.sees("150 jobs")
            client = HoldingClient(str(live.http.base_url), live.world.token)
            dash.app.client = client
            client.hold = "/jobs"
            await dash.press("end")
            await client.held.wait()
            await dash.press("slash")
            await dash.type("user:u007")
            await dash.press("enter")
            client.go.set()
            await dash.until(lambda: dash.column("jobs-table", "user") == ["u007"])
