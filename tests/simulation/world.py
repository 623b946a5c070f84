"""A plan lived: the box, its people and its troubles on one loop; what happened, as a story."""

import asyncio
import json
import random
import shutil
import sqlite3
import tempfile
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from buildos_box.errors import BoxError, TransientError, Unavailable
from buildos_box.upkeep.backup import make_backup
from buildos_box.upkeep.restore import restore
from tests.simulation import requests
from tests.simulation.fault_injection import Ordeals
from tests.simulation.machine import PowerCut
from tests.simulation.plan import DAY, Item, Plan
from tests.simulation.process_run import Life, Outside
from tests.simulation.providers import Model, Relay, Trouble, Twilio
from tests.simulation.virtual_time_loop import SimClock, VirtualLoop, iso, utc

Fact = dict[str, Any]
ASK_AGAIN_SECONDS = (20.0, 20.0, 90.0, 600.0)
"""Some ask again when the box has long done what they asked for."""


class World:
    """Lives a plan and keeps the story: one fact a line, with the true and the box's own time."""

    def __init__(
        self,
        plan: Plan,
        folder: Path,
        loop: VirtualLoop,
        *,
        with_model: bool = True,
        watch: Callable[["World"], bool] | None = None,
    ) -> None:
        self.plan = plan
        self.story: list[Fact] = []
        self.folder = folder
        self.loop = loop
        self.clock = SimClock(loop, utc(plan.start))
        self._watch = watch
        self.trouble = Trouble()
        self.rng = random.Random(f"{plan.seed} world")
        self._twilio = Twilio(
            loop, self.clock, self.trouble, self.tell, random.Random(f"{plan.seed} twilio")
        )
        self._twilio.call_back = self._call_back
        self._outside = Outside(
            folder,
            self.clock,
            random.Random(f"{plan.seed} box"),
            Relay(loop, self.trouble, self.tell, random.Random(f"{plan.seed} relay")),
            self._twilio,
            Model(self.trouble, self.tell, random.Random(f"{plan.seed} model")),
            with_model=with_model,
        )
        folder.mkdir(parents=True, exist_ok=True)
        key = random.Random(f"{plan.seed} key").randbytes(32)
        (folder / "secret.key").write_bytes(key)
        self.life: Life | None = None
        self._up = asyncio.Event()
        self._dead = asyncio.Event()
        self._back_after = 1.0
        self._locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._tasks: set[asyncio.Task[Any]] = set()
        self.ordeals = Ordeals(self)
        self._backup: Path | None = None
        self._restoring = False

    def tell(self, what: str, **facts: Any) -> None:
        true, box = self.clock.true_now(), self.clock.now()
        self.story.append({"at": iso(true), "box": iso(box), "what": what, **facts})

    @property
    def database(self) -> Path:
        return self.folder / "box.sqlite3"

    async def live(self) -> None:
        """From the plan's first item to a quiet last day."""
        lives = self.spawn(self._lives())
        self.spawn(self._audits())
        self._story = self.loop.create_task(self._play())
        await asyncio.wait([self._story])
        if not self._story.cancelled():
            self._story.result()
        self.tell("end")
        if lives.done():
            lives.result()  # it ends by itself only if the simulation is wrong
        lives.cancel()
        await asyncio.gather(lives, return_exceptions=True)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.life is not None:
            await self.life.bury()
            self.life = None

    async def _play(self) -> None:
        for number, item in enumerate(self.plan.items):
            await self._until(item.at)
            self._happen(number, item)
        await self._until(self.plan.days * DAY)

    def spawn(self, work: Any) -> "asyncio.Task[Any]":
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _until(self, at: float) -> None:
        if at > self.loop.time():
            await asyncio.sleep(at - self.loop.time())

    async def _audits(self) -> None:
        while self._watch is not None:
            await asyncio.sleep(DAY)
            if self.life is not None and not self.life.plug.dead and self._watch(self):
                self._story.cancel()  # enough has been seen
                return

    async def _lives(self) -> None:
        """The box is opened, lives, dies and is opened again, as long as the plan lasts."""
        while True:
            self._dead.clear()
            try:
                self.life = await Life.begin(self._outside, self._died)
            except (PowerCut, BoxError, sqlite3.Error) as error:
                self.tell("not_started", error=type(error).__name__)
                await asyncio.sleep(30)
                continue
            self.tell("up")
            self.ordeals.begin_a_life()
            self._up.set()
            await self._dead.wait()
            life, self.life = self.life, None
            self._up.clear()
            await life.bury()
            self._read_its_books()
            if self._restoring and self._backup is not None:
                await asyncio.sleep(self.ordeals.off_until - self.loop.time())
                self._restoring = False
                restore(self._backup, self.folder, self.clock)
                self.tell("restored")
                self.spawn(self.ordeals.resume_what_came_back())
            rest = max(self._back_after, self.ordeals.off_until - self.loop.time())
            self._back_after = 1.0
            await asyncio.sleep(rest)

    def _read_its_books(self) -> None:
        """Of which mails the dead box knows that they were sent; it must not send them again."""
        reading = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)
        try:
            rows = reading.execute(
                """SELECT message_id FROM emails WHERE status = 'sent' AND sent_at > ?
                    ORDER BY sent_at""",
                (iso(self.clock.now() - timedelta(minutes=2)),),
            ).fetchall()
        finally:
            reading.close()
        if rows:
            self.tell("recorded", mails=[row[0] for row in rows])

    def _died(self, where: str) -> None:
        self.tell("down", where=where)
        self._up.clear()
        self._dead.set()

    def _happen(self, number: int, item: Item) -> None:
        match item.do:
            case "crash":
                if self.life is not None and not self.life.plug.dead:
                    self._back_after = item.body["back_after"]
                    self.tell("armed", **item.body)
                    seam, then = item.body["seam"], item.body.get("then")
                    self.life.plug.arm(seam, item.body["nth"], then)
            case "crash_loop":
                self.spawn(self.ordeals.crash_loop(item.body["seams"], item.body["each"]))
            case "pause":
                self.spawn(self.ordeals.pause(item.body["lane"], item.body["lasts"]))
            case "slow_disk":
                self.spawn(self.ordeals.slow_disk(item.body["lasts"]))
            case "trouble":
                self.spawn(self.ordeals.troubled(**item.body))
            case "off":
                self.spawn(self.ordeals.off(item.body["for"], gently=item.body["gently"]))
            case "backup":
                self._back_up()
            case "restore":
                if self._backup is not None and self.life is not None:
                    self._restoring = True
                    self.spawn(self.ordeals.off(item.body["for"], gently=False))
            case "clock":
                self.spawn(self.ordeals.wrong_clock(item.body["by"], item.body["lasts"]))
            case "disk_full":
                self.spawn(self.ordeals.disk_full(item.body["pages"], item.body["lasts"]))
            case _:
                self.spawn(self._deed(number, item))

    def _back_up(self) -> None:
        """A backup of the box at work, if it is at work and its disk has room."""
        if self.life is None or self.life.plug.dead or self.ordeals.full:
            return
        if self._backup is not None:
            self._backup.unlink()
        self._backup = make_backup(
            self.folder, self.folder.parent / f"{len(self.story)}.tar.gz", self.clock
        ).path
        self.tell("backed_up")

    async def _deed(self, number: int, item: Item) -> None:
        """Someone asks, and asks again until there is an answer; one thing after the other."""
        body = {**item.body, "n": number} if item.do == "word" else item.body
        if item.do == "word":
            numbers = self._twilio.stopped
            (numbers.add if item.body["Body"] == "STOP" else numbers.discard)(item.body["From"])
        if item.do == "brief":
            await self.ask(number, item.do, item.who, body)
            return
        async with self._locks[item.who]:
            await self.ask(number, item.do, item.who, body)

    async def ask(self, number: int, do: str, who: str, body: Any) -> None:
        self.tell("asked", n=number, do=do, who=who, body=body)
        while True:
            await self._up.wait()
            life = self.life
            if life is None or life.plug.dead:
                await asyncio.sleep(self.rng.choice(ASK_AGAIN_SECONDS))
                continue
            task = life.spawn(requests.knock(life.box, do, who, body, number))
            await asyncio.wait([task])
            error = None if task.cancelled() else task.exception()
            if task.cancelled() or isinstance(error, (PowerCut, TransientError, Unavailable)):
                if do == "word":
                    return  # Twilio tells of a word once
                await asyncio.sleep(self.rng.choice(ASK_AGAIN_SECONDS))
                continue
            if error is not None and not isinstance(error, BoxError):
                raise error  # the simulation asks wrongly, or the box has a fault
            if error is not None:
                if not isinstance(error, BoxError):
                    raise error  # the door does not fit: whoever sees no requests sees no faults
                self.tell("refused", n=number, error=f"{type(error).__name__}: {error}")
                return
            self.tell("acked", n=number, do=do, who=who, body=body, answer=task.result())
            return

    def _call_back(self, url: str, form: dict[str, str], after: float) -> None:
        self.spawn(self._callback(url, form, after))

    async def _callback(self, url: str, form: dict[str, str], after: float) -> None:
        await asyncio.sleep(after)
        life = self.life
        if life is None or life.plug.dead:
            return  # nobody at home: Twilio does not call again
        task = life.spawn(requests.knock(life.box, "callback", "", {"url": url, "form": form}))
        await asyncio.wait([task])
        if not task.cancelled() and task.exception() is None:
            self.tell("called_back", sid=form["MessageSid"], status=form["MessageStatus"])


def story_of(
    plan: Plan,
    *,
    with_model: bool = True,
    watch: Callable[[World], bool] | None = None,
    judge: Callable[[World], Any] | None = None,
) -> Any:
    """Live the plan in a folder of its own; returns the story, or what `judge` makes of it all."""
    shared = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(dir=shared if shared.is_dir() else None))
    loop = VirtualLoop()
    broken: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _loop, context: broken.append(context))
    asyncio.set_event_loop(loop)
    try:
        world = World(plan, folder / "data", loop, with_model=with_model, watch=watch)
        loop.run_until_complete(world.live())
        _complain(broken)
        return judge(world) if judge is not None else world.story
    finally:
        loop.close()
        asyncio.set_event_loop(None)
        shutil.rmtree(folder, ignore_errors=True)


def _complain(broken: list[dict[str, Any]]) -> None:
    """Raises for what went wrong where nobody waited for it, save for the plug's own doing."""
    for context in broken:
        error = context.get("exception")
        if not isinstance(error, PowerCut):
            raise RuntimeError(context.get("message")) from error


def text_of(story: list[Fact]) -> str:
    """The event log: one line a fact."""
    return "".join(json.dumps(fact, sort_keys=True) + "\n" for fact in story)
