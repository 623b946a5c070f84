"""What every peer is put through; standard library only, run inside the peer's environment.

A peer's job says that it ran with one byte through a pipe, as its function ends. What the
peer still has to note down after that is not counted, which is in the peer's favour: of our
own jobs the bench counts only those that are durably completed.
"""

import argparse
import asyncio
import os
import select
import subprocess
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bench.measure import latency_ms, rss_mb, tell, with_children

PRODUCERS = (1, 16, 64)
PATIENCE_SECONDS = 60.0
PIPE, IO, FOLDER, REDIS_PORT = "BENCH_PIPE", "BENCH_IO", "BENCH_FOLDER", "BENCH_REDIS_PORT"
POSTGRES = "BENCH_POSTGRES"
"""Names the environment variable that says how to connect to the bench's PostgreSQL."""
_pipes: dict[int, int] = {}


class Stuck(Exception):
    """Jobs did not come to an end in time."""


def do_job() -> None:
    """What a job of the bench does: its I/O, then one byte."""
    io = float(os.environ[IO])
    if io:
        time.sleep(io)
    if os.getpid() not in _pipes:
        _pipes[os.getpid()] = os.open(os.environ[PIPE], os.O_WRONLY)
    os.write(_pipes[os.getpid()], b".")


def redis_port() -> int:
    """Where the bench's Redis listens, on loopback."""
    return int(os.environ[REDIS_PORT])


def folder() -> Path:
    """The round's own folder."""
    return Path(os.environ[FOLDER])


class Ran:
    """Counts jobs that have run."""

    def __init__(self, path: str) -> None:
        os.mkfifo(path)
        self._fd = os.open(path, os.O_RDWR)

    def wait_for(self, jobs: int) -> None:
        """Wait until so many more jobs have run. Raises Stuck."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while jobs > 0:
            left = deadline - time.monotonic()
            if not select.select([self._fd], [], [], max(0.0, left))[0]:
                raise Stuck(f"{jobs} jobs had not run after {PATIENCE_SECONDS:g} s")
            jobs -= len(os.read(self._fd, jobs))


def add_all(add: Callable[[int], object], jobs: int, producers: int) -> None:
    """So many threads add the jobs, each call waited for, as the peer's users do."""
    if producers == 1:
        for n in range(jobs):
            add(n)
        return

    def share(start: int) -> None:
        for n in range(start, jobs, producers):
            add(n)

    with ThreadPoolExecutor(producers) as pool:
        list(pool.map(share, range(producers)))


def _rate(jobs: int, started: float) -> float:
    return jobs / (time.perf_counter() - started)


def _idle_latency(add: Callable[[int], object], ran: Ran, samples: int) -> list[float]:
    found = []
    for n in range(samples):
        started = time.perf_counter()
        add(n)
        ran.wait_for(1)
        found.append(time.perf_counter() - started)
        time.sleep(0.003)
    return found


def measure(
    options: argparse.Namespace,
    add: Callable[[int], object],
    start: Callable[[], "list[subprocess.Popen[bytes]]"],
) -> None:
    """One round: enqueue, drain, end to end, latency when idle, memory; the best rates."""
    ran = Ran(os.environ[PIPE])
    jobs = options.jobs
    enqueued, worked = [], []
    for producers in PRODUCERS:
        started = time.perf_counter()
        add_all(add, jobs, producers)
        enqueued.append(_rate(jobs, started))
    figures: dict[str, object] = {"enqueue": max(enqueued)}
    left = len(PRODUCERS) * jobs - jobs // 2
    workers = start()
    try:
        ran.wait_for(jobs // 2)  # by then the workers are up and warm
        started = time.perf_counter()
        ran.wait_for(left)
        figures["drain"] = _rate(left, started)
        for producers in PRODUCERS:
            started = time.perf_counter()
            add_all(add, jobs, producers)
            ran.wait_for(jobs)
            worked.append(_rate(jobs, started))
        figures["jobs"] = max(worked)
        figures.update(latency_ms(_idle_latency(add, ran, options.samples)))
        pids = [pid for worker in workers for pid in with_children(worker.pid)]
        figures["rss_mb"] = rss_mb(pids)
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            try:
                worker.wait(10)
            except subprocess.TimeoutExpired:
                worker.kill()
                worker.wait()
    tell(figures)


def loop_in_a_thread() -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Starts an event loop for a peer with asyncio; gives what runs a coroutine there and waits."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return lambda work: asyncio.run_coroutine_threadsafe(work, loop).result()


async def do_job_beside() -> None:
    """A job of a peer with asyncio: one that has to wait does so in a thread."""
    if float(os.environ[IO]):
        await asyncio.to_thread(do_job)
    else:
        do_job()


def options() -> argparse.Namespace:
    """The options that every peer takes; they are also set for its worker processes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=500)
    parser.add_argument("--io", type=float, default=0.0, help="seconds each job sleeps")
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--redis-port", type=int, default=0)
    parser.add_argument("--folder", required=True)
    found = parser.parse_args()
    os.environ[IO] = str(found.io)
    os.environ[FOLDER] = found.folder
    os.environ[PIPE] = str(Path(found.folder) / "ran")
    os.environ[REDIS_PORT] = str(found.redis_port)
    return found
