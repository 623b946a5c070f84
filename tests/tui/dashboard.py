"""The dashboard before a real box that is served on a port and driven by hand."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textual.pilot import Pilot
from textual.widgets import Static

from buildos_box.settings import Secret, Settings
from buildos_box.settings.channels import SmsSettings
from buildos_box.tui.app import BoxApp
from buildos_box.tui.grid import Grid
from tests.realtime.streams import Live, served
from tests.world import BoxWorld

PATIENCE_SECONDS = 20
SMALL = (80, 24)
WITH_SMS = Settings(
    sms=SmsSettings(account_sid="AC1", auth_token=Secret("t"), messaging_service_sid="MG1")
)


@dataclass
class Dash:
    """A viewer's hands and eyes."""

    app: BoxApp
    pilot: Pilot[None]
    live: Live

    @property
    def world(self) -> BoxWorld:
        return self.live.world

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        """Letter by letter."""
        named = {" ": "space", "-": "minus", ":": "colon", "/": "slash", ",": "comma"}
        await self.pilot.press(*(named.get(char, char) for char in text))

    def screen(self) -> str:
        """What stands on the terminal, line by line."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(part.text for part in strip).rstrip() for strip in strips)

    async def until(self, true: Callable[[], Any]) -> None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not true():
                    await self.pilot.pause(0.02)
        except TimeoutError:
            raise AssertionError(f"never so:\n{self.screen()}") from None

    async def sees(self, *words: str) -> None:
        """Wait until all of that is on the terminal."""
        await self.until(lambda: all(word in self.screen() for word in words))

    async def sees_not(self, word: str) -> None:
        await self.until(lambda: word not in self.screen())

    async def answer(self, key: str) -> None:
        """Answer the question that is on the screen, and see it go."""
        await self.until(lambda: self.app.screen.query("#question"))
        await self.press(key)
        await self.until(lambda: not self.app.screen.query("#question"))

    async def eventually(self, path: str, **wanted: Any) -> None:
        """Wait until the box tells that: values, or tests of values."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                told = await self.world.get(path)
                if all(
                    want(told[name]) if callable(want) else told[name] == want
                    for name, want in wanted.items()
                ):
                    return
                await self.pilot.pause(0.02)

    def column(self, table: str, head: str) -> list[str]:
        return self.app.query_one(f"#{table}", Grid).column(head)

    def text(self, selector: str) -> str:
        return str(self.app.screen.query_one(selector, Static).render())


@asynccontextmanager
async def dashboard(
    live: Live, *, size: tuple[int, int] = SMALL, token: str | None = None, **options: Any
) -> AsyncIterator[Dash]:
    app = BoxApp(
        str(live.http.base_url), token or live.world.token, clock=live.world.clock, **options
    )
    async with app.run_test(size=size, notifications=True) as pilot:
        dash = Dash(app, pilot, live)
        await dash.press("z")  # times in UTC, wherever the test runs
        await dash.sees("* live" if options.get("signs") == "ascii" else "● live")
        yield dash
        app.exit()  # as a viewer leaves


@asynccontextmanager
async def dashboard_of_new_box(folder: Path, **options: Any) -> AsyncIterator[Dash]:
    async with served(folder / "data") as live, dashboard(live, **options) as dash:
        yield dash


async def queue_brief(world: BoxWorld, user: str = "ada", **more: Any) -> str:
    """A brief's job; returns its id."""
    await world.person(user)
    return str((await world.post("/queue/brief", {"userId": user, **more}))["jobId"])


async def quiet_nights(world: BoxWorld) -> None:
    """Ada has a brief, and two meetings near her quiet hours; Bo wants no mail of his briefs."""
    await world.person("ada", zone="Europe/Berlin", at="18:30")
    await world.person("bo", at="09:00", emailDailyBrief=False)
    wishes = {"leadTimeMinutes": 60, "quietHoursStart": "22:00", "quietHoursEnd": "08:00"}
    phone = {"phoneNumber": "+12125550001", "phoneVerified": True, "eventRemindersEnabled": True}
    meetings = {"Early": "2024-10-24T06:30:00Z", "Dawn": "2024-10-25T03:00:00Z"}
    await world.sync(
        smsPreferences=[{"userId": "ada", **phone, **wishes}],
        events=[
            {"id": name, "userId": "ada", "title": name, "startAt": at}
            for name, at in meetings.items()
        ],
    )
