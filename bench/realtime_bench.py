"""What open streams cost: 500 listeners and one event a second.

`python -m bench.realtime_bench` starts a real `buildos-box serve`, opens 500 streams of events
over loopback, and measures the processor time of the serving process while nothing happens, while
one event a second goes to all 500, and while 500 people listen each to their own events, of which
there are ten a second in all. `--write` puts the figures into `bench/RESULTS.md`.
"""

import argparse
import asyncio
import re
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from bench import results_file
from bench.machine import describe
from bench.measure import cpu_seconds, percentile, rss_mb, tell
from bench.results_file import met_or_missed
from tests.faults.box_process import BoxProcess

LISTENERS = 500
SECONDS = 20
LIMIT = 0.30
"""Of one core, for 500 listeners with one event a second."""
HEADING = "# Open streams"


@dataclass
class Ear:
    """One open stream: when each event came."""

    heard: list[tuple[int, float]] = field(default_factory=list)

    async def listen(self, url: str, path: str, token: str, ready: asyncio.Semaphore) -> None:
        """Read the stream until cancelled: a plain socket, which costs the machine least."""
        where = urlsplit(url)
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        request = f"GET {path} HTTP/1.1\r\nHost: box\r\nAuthorization: {token}\r\n\r\n"
        writer.write(request.encode())
        await writer.drain()
        assert b" 200 " in await reader.readline()
        try:
            while line := await reader.readline():
                if line.startswith(b"retry:"):
                    ready.release()
                elif found := re.match(rb"id: (\d+)", line):
                    self.heard.append((int(found[1]), time.perf_counter()))
        finally:
            writer.close()


@dataclass(frozen=True)
class Load:
    """One state of the box and what it cost."""

    name: str
    cores: float
    events: int
    received: int
    p50_ms: float
    p99_ms: float
    rss: float


async def _measure(
    name: str,
    box: BoxProcess,
    ears: list[Ear],
    happen: Callable[[int], Awaitable[None]] | None,
    a_second: int,
    seconds: int,
) -> Load:
    pid = box.process.pid
    for ear in ears:
        ear.heard.clear()
    told: dict[int, float] = {}
    before, started = cpu_seconds(pid), time.perf_counter()
    for n in range(seconds * a_second):
        due = started + n / a_second
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        if happen is not None:
            await happen(n)
    await asyncio.sleep(max(0.0, started + seconds - time.perf_counter()))
    took, used = time.perf_counter() - started, cpu_seconds(pid) - before
    await asyncio.sleep(1)
    # An event's age is counted from when the first listener heard it: how far apart they hear.
    for ear in ears:
        for event_id, at in ear.heard:
            told[event_id] = min(at, told.get(event_id, at))
    late = [at - told[event_id] for ear in ears for event_id, at in ear.heard] or [0.0]
    return Load(
        name=name,
        cores=used / took,
        events=len(told),
        received=len([1 for ear in ears for _ in ear.heard]),
        p50_ms=percentile(late, 0.5) * 1000,
        p99_ms=percentile(late, 0.99) * 1000,
        rss=rss_mb([pid]),
    )


async def _run(box: BoxProcess, listeners: int, seconds: int) -> list[Load]:
    url, token = str(box.url()), box.http.headers["Authorization"]
    users = [f"u{n}" for n in range(listeners)]
    loads: list[Load] = []
    async with httpx.AsyncClient(
        base_url=url, headers={"Authorization": token}, trust_env=False, timeout=30
    ) as http:

        async def note(n: int) -> None:
            """One event in the stream and no more: a visit is none, a word in the inbox is one."""
            body = {"taskId": f"t{n}", "taskName": "Beans", "projectName": "Garden"}
            answer = await http.post(
                "/queue/notification",
                json={
                    "userId": users[n % len(users)],
                    "eventType": "task.completed",
                    "channel": "in_app",
                    "payload": body,
                },
            )
            assert answer.status_code in (200, 201), answer.text

        (
            await http.post("/sync", json={"users": [{"id": user} for user in users]})
        ).raise_for_status()
        for paths, states in (
            (
                ["/events"] * listeners,
                (("nothing happens", None, 1), ("one event a second to all", note, 1)),
            ),
            (
                [f"/users/{user}/events" for user in users],
                (("ten events a second, each to one", note, 10),),
            ),
        ):
            async with AsyncExitStack() as stack:
                ready, ears = asyncio.Semaphore(0), [Ear() for _ in paths]
                tasks = [
                    asyncio.create_task(ear.listen(url, path, token, ready))
                    for ear, path in zip(ears, paths, strict=True)
                ]
                stack.callback(lambda tasks=tasks: [task.cancel() for task in tasks])  # type: ignore[misc]
                for _ in paths:
                    await asyncio.wait_for(ready.acquire(), 60)
                await asyncio.sleep(2)
                for name, happen, a_second in states:
                    loads.append(await _measure(name, box, ears, happen, a_second, seconds))
    return loads


def _ms(load: Load, value: float) -> str:
    """Nothing to compare where each event has one listener."""
    return f"{value:.1f}" if load.received > load.events else "-"


def report(loads: list[Load], listeners: int, seconds: int) -> str:
    """The section of the results."""
    rows = "\n".join(
        f"| {load.name} | {load.cores * 100:.1f} % | {load.events} | {load.received:,} "
        f"| {_ms(load, load.p50_ms)} | {_ms(load, load.p99_ms)} | {load.rss:.0f} |"
        for load in loads
    )
    verdict = met_or_missed(loads[1].cores < LIMIT)
    return f"""{HEADING}

{"; ".join(describe(peers=False))}.

| {listeners} listeners | of one core | events | received | p50, ms | p99, ms | MiB |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
{rows}

Target: with one event a second under {LIMIT * 100:.0f} % of one core: {verdict}.
A real `serve` over loopback, {seconds} s each; processor time of the serving process, all its
threads, with the work that makes the events (a notification a time: its request, job, delivery and
row in the inbox). Operators' streams also carry `job.updated` of those jobs, which are not stored
and not counted here. The times: how much later than the first listener the others heard an event.
`python -m bench.realtime_bench --write`.
"""


def main() -> None:
    """Run, print, and with `--write` keep the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listeners", type=int, default=LISTENERS)
    parser.add_argument("--seconds", type=int, default=SECONDS, help="of each state")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, BoxProcess(Path(folder)) as box:
        loads = asyncio.run(_run(box, options.listeners, options.seconds))
    section = report(loads, options.listeners, options.seconds)
    print(section)
    if options.write:
        results_file.put(results_file.RESULTS, section)
    tell({load.name: load.cores for load in loads})


if __name__ == "__main__":
    main()
