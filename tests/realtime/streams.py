"""A box served over a real socket in the test's own loop, and streams read from it."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from buildos_box.ids import Ids
from buildos_box.realtime import store
from buildos_box.realtime.hub import Limits
from buildos_box.settings import Settings
from tests.clock import ManualClock
from tests.world import BoxWorld, open_world

PATIENCE = 10
FAST = Limits(heartbeat_seconds=30, recheck_seconds=0.05, job_seconds=0.02)


@dataclass
class Event:
    """One block of a stream: an event, or only comments, a retry hint, an id."""

    id: int | None = None
    type: str | None = None
    body: Any = None
    retry: int | None = None
    comment: str = ""

    @property
    def data(self) -> Any:
        return self.body["data"]


@dataclass
class Reader:
    """A stream being read; `blocks` is all of it so far."""

    answer: httpx.Response
    blocks: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lines = self.answer.aiter_lines()

    async def block(self) -> Event | None:
        """The next block; None at the end of the stream."""
        block, empty = Event(), True
        async for line in self._lines:
            if not line:
                if empty:
                    continue
                self.blocks.append(block)
                return block
            empty = False
            name, _, value = line.partition(": ")
            if line.startswith(":"):
                block.comment = line[1:].strip()
            elif name in ("id", "retry"):
                setattr(block, name, int(value))
            elif name == "event":
                block.type = value
            elif name == "data":
                block.body = json.loads(value)
        return None

    async def event(self, kind: str | None = None) -> Event:
        """The next event, or the next of that type."""
        async with asyncio.timeout(PATIENCE):
            while (block := await self.block()) is not None:
                if block.type is not None and kind in (None, block.type):
                    return block
        raise AssertionError(f"the stream ended: {self.blocks}")

    async def events(self, count: int) -> list[Event]:
        return [await self.event() for _ in range(count)]

    async def rest(self) -> list[Event]:
        """All blocks until the stream ends by itself."""
        rest = []
        async with asyncio.timeout(PATIENCE):
            while (block := await self.block()) is not None:
                rest.append(block)
        return rest

    @property
    def last_id(self) -> int:
        """What a browser would send as Last-Event-ID."""
        return [block.id for block in self.blocks if block.id is not None][-1]


@dataclass
class Live:
    """A box in a folder, driven by hand, whose API is served on a loopback port."""

    world: BoxWorld
    server: uvicorn.Server
    serving: "asyncio.Task[None]"
    http: httpx.AsyncClient

    @asynccontextmanager
    async def stream(
        self, path: str, *, token: str | None = None, after: int | None = None, **params: Any
    ) -> AsyncIterator[Reader]:
        """Open a stream that is answered with 200, and read its opening."""
        headers = {} if "ticket" in params else self.auth(token)
        if after is not None:
            headers["Last-Event-ID"] = str(after)
        async with self.http.stream("GET", path, headers=headers, params=params) as answer:
            assert answer.status_code == 200, await answer.aread()
            reader = Reader(answer)
            async with asyncio.timeout(PATIENCE):
                await reader.block()
            yield reader

    def auth(self, token: str | None = None) -> dict[str, str]:
        return {"Authorization": f"Bearer {token or self.world.token}"}

    async def refused(self, path: str, *, token: str | None = None, **params: Any) -> int:
        """The status with which a stream is refused."""
        headers = {} if "ticket" in params else self.auth(token)
        async with self.http.stream("GET", path, headers=headers, params=params) as answer:
            assert answer.status_code >= 400
            return answer.status_code

    async def publish(self, user_id: str | None = "ada", *numbers: int, size: int = 0) -> None:
        """Events of that user, one transaction each, numbered."""
        now = self.world.clock.now()
        for number in numbers:
            data = {"number": number, "padding": "x" * size}
            await self.world.db.write(
                lambda tx, data=data: store.publish(
                    tx, user_id=user_id, type="test", data=data, correlation_id=None, now=now
                )
            )

    async def stop(self) -> None:
        """What `serve` does at SIGTERM."""
        await self.world.box.drain()
        self.server.should_exit = True
        await asyncio.wait_for(self.serving, PATIENCE)


@asynccontextmanager
async def served(
    folder: Path,
    *,
    clock: ManualClock | None = None,
    limits: Limits = FAST,
    port: int = 0,
    settings: Settings | None = None,
    ids: Ids | None = None,
) -> AsyncIterator[Live]:
    """Open the box in the folder and serve it."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", port))
    async with open_world(folder, clock=clock, settings=settings, ids=ids) as world:
        world.box.hub.limits = limits
        server = uvicorn.Server(
            uvicorn.Config(
                world.box.api,
                log_config=None,
                lifespan="off",
                ws="none",
                timeout_graceful_shutdown=60,
            )
        )
        server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        await eventually(lambda: server.started)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        async with httpx.AsyncClient(base_url=url, timeout=PATIENCE, trust_env=False) as http:
            live = Live(world, server, serving, http)
            try:
                yield live
            finally:
                await live.stop()


async def eventually(true: Callable[[], bool]) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(PATIENCE):
        while not true():
            await asyncio.sleep(0.005)


@asynccontextmanager
async def with_people(folder: Path, **options: Any) -> AsyncIterator[Live]:
    """`served`, with the users ada and bob."""
    async with served(folder, **options) as live:
        await live.world.sync(users=[{"id": "ada"}, {"id": "bob"}])
        yield live
