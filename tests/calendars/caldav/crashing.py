"""A box that can be made to crash at any of its writes, and lives on from what it had stored."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

from buildos_box.egress import Egress, Fetched
from buildos_box.errors import TransientError
from buildos_box.settings import Settings
from buildos_box.settings.model import EgressSettings
from tests.calendars.caldav.accounts import PATH
from tests.clock import ManualClock
from tests.world import BoxWorld, open_world

_PAUSE = timedelta(minutes=20)
"""A job that was lost waits for a while before it runs again."""
ALLOWED = EgressSettings(allow_private=("127.0.0.1/32",))


class TroubledEgress(Egress):
    """Real connections. At the n-th request that writes, counted from `trouble_at`, something
    happens: before it leaves, or after it has arrived.
    """

    def __init__(self) -> None:
        super().__init__(ALLOWED)
        self.methods: list[str] = []
        self._left: int | None = None
        self._is_sent = False
        self._act: Callable[[], Awaitable[None]] | None = None

    def trouble_at(self, number: int, act: Callable[[], Awaitable[None]], *, is_sent: bool) -> None:
        self._left, self._act, self._is_sent = number, act, is_sent

    def calm(self) -> None:
        self._left = None

    async def request(self, method: str, url: str, **more: Any) -> Fetched:
        self.methods.append(method)
        if self._left is None or method not in ("PUT", "DELETE"):
            return await super().request(method, url, **more)
        if self._left > 0:
            self._left -= 1
            return await super().request(method, url, **more)
        self._left = None
        assert self._act is not None
        if not self._is_sent:
            await self._act()
            return await super().request(method, url, **more)
        await super().request(method, url, **more)
        await self._act()
        raise TransientError("the answer was not heard", code="connection")


class Lives:
    """One data folder after the other: a crash leaves what was stored, and a new box goes on."""

    def __init__(self, folder: Path, clock: ManualClock) -> None:
        self.folder = folder
        self.clock = clock
        self.egress = TroubledEgress()
        self.crashes = 0
        self.box: BoxWorld
        self._stack = AsyncExitStack()

    async def begin(self) -> BoxWorld:
        self.egress = TroubledEgress()
        self._stack = AsyncExitStack()
        world = open_world(
            self._data,
            settings=Settings(egress=ALLOWED),
            clock=self.clock,
            egress=self.egress,
        )
        self.box = await self._stack.enter_async_context(world)
        return self.box

    @property
    def _data(self) -> Path:
        return self.folder / str(self.crashes)

    async def end(self) -> None:
        await self._stack.aclose()

    async def sync(self, *, crash_at: int | None = None, is_sent: bool = False) -> None:
        """Sync the account; with `crash_at` the box dies at that write, if there are so many."""
        (found,) = (await self.box.get(PATH))["items"]
        answer = await self.box.call("POST", f"{PATH}/{found['id']}/sync")
        assert answer.status_code == 200, answer.text
        crashed = asyncio.Event()

        async def die() -> None:
            crashed.set()
            await asyncio.Event().wait()

        if crash_at is not None:
            self.egress.trouble_at(crash_at, die, is_sent=is_sent)
        work, dying = asyncio.create_task(self.box.work()), asyncio.create_task(crashed.wait())
        await asyncio.wait({work, dying}, return_when=asyncio.FIRST_COMPLETED)
        dying.cancel()
        if not crashed.is_set():
            # It had fewer writes than that.
            self.egress.calm()
            await work
            return
        await self._go_on(work)

    async def _go_on(self, work: "asyncio.Task[None]") -> None:
        dead, stack = self._data, self._stack
        self.crashes += 1
        shutil.copytree(dead, self._data, ignore=shutil.ignore_patterns("*.lock", "*.sock"))
        await self.begin()
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        await stack.aclose()
        await self.box.recover()
        self.clock.advance(_PAUSE)
