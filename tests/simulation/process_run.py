"""One life of the box: from opening its file to the plug, with Huey's objects driven by hand."""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from buildos_box import log
from buildos_box.app import Box, Environment
from buildos_box.ids import Ids
from buildos_box.settings import DataSettings, Settings
from buildos_box.settings.channels import SmsSettings
from buildos_box.settings.model import BackupSettings, LlmSettings, ProviderSettings, ServerSettings
from buildos_box.settings.section import Secret
from tests.simulation.machine import (
    OnThreadDatabase,
    OnThreadEngine,
    Plug,
    PowerCut,
    no_api,
)
from tests.simulation.providers import Model, Relay, Twilio
from tests.simulation.user_actions import ZONES
from tests.simulation.virtual_time_loop import SimClock

PUBLIC_URL = "https://box.example"
TWILIO_TOKEN = "token"
QUARTER = timedelta(minutes=15)
DRAIN_SECONDS = 25.0
NIGHTLY = timedelta(days=14)
"""Boxes begun later make no nightly backups: of a file that has grown for a year each takes
seconds, and shows nothing that the first ones did not. Those of the plan go on being made."""
MIDNIGHT = time(0)
ODD_ZONES = [
    ZoneInfo(name)
    for name in ZONES
    if datetime(2024, 1, 1, tzinfo=ZoneInfo(name)).utcoffset().seconds % 3600  # type: ignore[union-attr]
    or datetime(2024, 7, 1, tzinfo=ZoneInfo(name)).utcoffset().seconds % 3600  # type: ignore[union-attr]
]


def settings_for(folder: Path, *, model: bool, nightly: bool) -> Settings:
    provider = ProviderSettings(
        name="model", base_url="http://model.test/v1", model="m", timeout_seconds=45
    )
    return Settings(
        data=DataSettings(dir=str(folder)),
        backup=BackupSettings() if nightly else BackupSettings(keep=0),
        server=ServerSettings(base_url=PUBLIC_URL),
        sms=SmsSettings(
            account_sid="AC1",
            auth_token=Secret(TWILIO_TOKEN),
            messaging_service_sid="MG1",
            api_base_url="https://twilio.test",
        ),
        llm=LlmSettings(providers=(provider,) if model else ()),
    )


class Outside:
    """What outlives the box: the folder, the clock, the providers, and chance."""

    def __init__(
        self,
        folder: Path,
        clock: SimClock,
        rng: random.Random,
        relay: Relay,
        twilio: Twilio,
        model: Model,
        *,
        with_model: bool,
    ) -> None:
        self.folder = folder
        self.clock = clock
        self.ids = Ids(rng.getrandbits)
        self.jitter = rng.random
        self.relay = relay
        self.twilio = twilio
        self.model = model
        self._with_model = with_model
        self._nightly_until = clock.true_now() + NIGHTLY

    def settings(self) -> Settings:
        """What a box that begins now is told."""
        nightly = self.clock.true_now() < self._nightly_until
        return settings_for(self.folder, model=self._with_model, nightly=nightly)


class Life:
    """A box at work. `died` is called once, when the plug is pulled."""

    def __init__(self, box: Box, plug: Plug, clock: SimClock) -> None:
        assert isinstance(box.engine, OnThreadEngine)
        self.box = box
        self.plug = plug
        self.tasks: set[asyncio.Task[Any]] = set()
        self._engine = box.engine
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._worker = box.engine.consumer._create_worker()
        self._scheduler = box.engine.consumer._create_scheduler()
        self._pump_soon = False
        self._buried = False
        self._alarm: asyncio.TimerHandle | None = None
        self._minding: asyncio.Task[Any] | None = None
        self.look = asyncio.Event()
        """Set when the clock was stepped: the scheduler looks at it every second."""

    @classmethod
    async def begin(cls, outside: Outside, on_death: Callable[[str], None]) -> "Life":
        """Open the box and set it to work. Raises PowerCut, or what keeps it from starting."""
        plug = Plug(on_death)
        outside.relay.plug = outside.twilio.plug = plug
        box = await Box.open(
            outside.settings(),
            clock=outside.clock,
            ids=outside.ids,
            mailer=outside.relay,
            environment=Environment(
                jitter=outside.jitter,
                open_database=OnThreadDatabase.opener(plug),
                engine=OnThreadEngine,
                http=lambda: httpx.AsyncClient(transport=outside.model, trust_env=False),
                twilio_http=outside.twilio,
                api=no_api,
            ),
        )
        try:
            life = cls(box, plug, outside.clock)
            box.services.queue.on_wake(life.pump_soon)
            await box.cron_registry.open()
            life._engine.begin(box.services)
        except BaseException:
            await box.close()
            raise
        life._keep(life._tick())
        life.pump_soon()
        return life

    @property
    def database(self) -> OnThreadDatabase:
        database = self.box.services.db
        assert isinstance(database, OnThreadDatabase)
        return database

    def spawn(self, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """Run something that ends when the box does."""
        task = self._loop.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _keep(self, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """A part of the simulation itself: if it fails, the simulation is wrong."""
        task = self.spawn(work)
        task.add_done_callback(self._must_be_well)
        return task

    def _must_be_well(self, task: "asyncio.Task[Any]") -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, PowerCut):
            self._loop.call_exception_handler({"message": "the machine broke", "exception": error})

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self.tasks.discard(task)
        if not task.cancelled():
            task.exception()

    def pump_soon(self) -> None:
        """Let Huey's worker look for work in the next turn of the loop."""
        if not (self._pump_soon or self._buried):
            self._pump_soon = True
            self._loop.call_soon(self._pump)

    def _pump(self) -> None:
        self._pump_soon = False
        if self._buried:
            return
        storage, writer = self._engine.storage, self.database.writer
        try:
            writer.drain()
            while not self.plug.dead and storage.has_work:
                self._worker.loop()
                writer.drain()  # it may have asked the job store
        except PowerCut:
            return
        if self.plug.dead or storage.stopped:
            return
        if self._engine.tasks and (self._minding is None or self._minding.done()):
            self._minding = self._keep(self._mind())
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if storage.next_due is not None:
            wait = self._clock.seconds_until(storage.next_due) + 0.001
            self._alarm = self._loop.call_later(min(wait, 3600.0), self._pump)

    async def _mind(self) -> None:
        """The supervisor's duties, for as long as attempts run."""
        beats = 0
        while self._engine.tasks:
            await asyncio.sleep(15)
            beats += 1
            with contextlib.suppress(Exception):
                await self._engine.runner.beat()
                if beats % 2 == 0:
                    self._engine.recover()

    async def _tick(self) -> None:
        """Huey's scheduler, woken when a cron may be due and when the clock was stepped."""
        while True:
            self._scheduler.enqueue_periodic_tasks(self._clock.now().replace(tzinfo=None))
            self.pump_soon()
            now = self._clock.now()
            self.look.clear()
            wait = self._clock.seconds_until(_worth_a_look(now)) + 0.3
            alarm = self._loop.call_later(wait, self.look.set)
            try:
                await self.look.wait()
            finally:
                alarm.cancel()

    async def stop_gently(self) -> None:
        """What SIGTERM does: no more claims, time to finish, the rest handed back."""
        self._engine.storage.stop()
        deadline = self._loop.time() + DRAIN_SECONDS
        while self._engine.tasks and self._loop.time() < deadline and not self.plug.dead:
            await asyncio.sleep(0.5)
        for _ in range(20):
            if not self._engine.tasks or self.plug.dead:
                break
            self._engine.runner.stop_all("draining")
            await asyncio.sleep(0.2)

    async def bury(self) -> None:
        """End all that still runs, and let go of the file."""
        self.plug.dead = self._buried = True
        if self._alarm is not None:
            self._alarm.cancel()
        everything = [*self.tasks, *self._engine.tasks]
        for task in everything:
            task.cancel()
        await asyncio.gather(*everything, return_exceptions=True)
        self.plug.dead = False  # nothing is left that could write; closing may look at its files
        await self.box.close()


def _worth_a_look(now: datetime) -> datetime:
    """The next full hour, or somebody's midnight: crons of every minute are of no interest."""
    at = now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0) + QUARTER
    while at.minute and not any(at.astimezone(zone).time() == MIDNIGHT for zone in ODD_ZONES):
        at += QUARTER
    return at


@contextmanager
def quiet_logs() -> Iterator[None]:
    """Thousands of faults are expected: nobody wants to read of each."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    log.configure(level="CRITICAL")
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
        root.handlers = handlers
        root.setLevel(level)
