"""What the box goes through: each ordeal begins, lasts and ends by itself."""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.simulation.fault_plan import LANES

if TYPE_CHECKING:
    from tests.simulation.world import World


class Ordeals:
    """Brings them over the world's box, and over each new life of it while they last."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.off_until = 0.0
        self.full = False
        self._slow = False
        self._deaths_to_come: list[tuple[str, int]] = []
        self._paused: set[str] = set()
        self._operator = 1_000_000

    def begin_a_life(self) -> None:
        """What lasts begins anew with each life of the box."""
        if self.world.life is not None and self.full:
            self.world.life.database.writer.limit_pages(0)
        self._slow_down()
        self._die_again()

    async def troubled(self, provider: str, mode: str, lasts: float) -> None:
        self.world.tell("trouble", provider=provider, mode=mode)
        self.world.trouble.modes[provider] = mode
        await asyncio.sleep(lasts)
        self.world.trouble.modes[provider] = "well"
        self.world.tell("trouble", provider=provider, mode="well")

    async def off(self, seconds: float, *, gently: bool) -> None:
        life = self.world.life
        if life is None or life.plug.dead:
            return
        if gently:
            self.world.tell("stopping")
            await life.stop_gently()
        if not life.plug.dead:
            self.off_until = self.world.loop.time() + seconds
            life.plug.pull("off")

    async def wrong_clock(self, by: float, lasts: float) -> None:
        self.world.clock.wrong_by += timedelta(seconds=by)
        self.world.tell("clock", by=by)
        self._look()
        await asyncio.sleep(lasts)
        self.world.clock.wrong_by -= timedelta(seconds=by)
        self.world.tell("clock", by=-by)
        self._look()

    def _look(self) -> None:
        if self.world.life is not None:
            self.world.life.look.set()
            self.world.life.pump_soon()

    async def disk_full(self, pages: int, lasts: float) -> None:
        self.world.tell("disk_full", on=True)
        self.full = True
        if self.world.life is not None and not self.world.life.plug.dead:
            self.world.life.database.writer.limit_pages(pages)
        await asyncio.sleep(lasts)
        self.full = False
        if self.world.life is not None and not self.world.life.plug.dead:
            self.world.life.database.writer.limit_pages(None)
        self.world.tell("disk_full", on=False)

    async def slow_disk(self, lasts: float) -> None:
        """What was read is known seconds later, when it may have changed."""
        if self._slow:
            return
        self.world.tell("trouble", provider="disk", mode="slow")
        self._slow = True
        self._slow_down()
        await asyncio.sleep(lasts)
        self._slow = False
        self._slow_down()
        self.world.tell("trouble", provider="disk", mode="well")

    def _slow_down(self) -> None:
        if self.world.life is not None:
            rng, slow = self.world.rng, self._slow
            self.world.life.database.readers.delay = lambda: rng.uniform(0.1, 2) if slow else 0.0

    async def crash_loop(self, seams: list[tuple[str, int]], each: float) -> None:
        """Whenever the box is up again it dies again, at a commit, or after `each` seconds."""
        if self._deaths_to_come:
            return
        self._deaths_to_come = list(seams)
        self._die_again()
        while self._deaths_to_come:
            before = len(self._deaths_to_come)
            await asyncio.sleep(each)
            life = self.world.life
            if life is not None and not life.plug.dead and before == len(self._deaths_to_come):
                life.plug.pull("crash loop")

    def _die_again(self) -> None:
        if self.world.life is not None and self._deaths_to_come:
            self.world.life.plug.arm(*self._deaths_to_come.pop(0))

    async def pause(self, lane: str, lasts: float) -> None:
        """An operator pauses a lane, and resumes it hours later."""
        if lane in self._paused:
            return
        self._paused.add(lane)
        self.world.tell("trouble", provider=f"lane {lane}", mode="paused")
        await self._operate("pause", lane)
        await asyncio.sleep(lasts)
        self._paused.discard(lane)
        await self._operate("resume", lane)
        self.world.tell("trouble", provider=f"lane {lane}", mode="well")

    async def resume_what_came_back(self) -> None:
        """The backup may have been made while a lane was paused."""
        for lane in LANES:
            if lane not in self._paused:
                await self._operate("resume", lane)

    async def _operate(self, do: str, lane: str) -> None:
        self._operator += 1
        await self.world.ask(self._operator, do, "", {"lane": lane})
