"""Who takes part, and how one round of each is run: in a process of its own, told as JSON."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.measure import rss_mb, with_children
from bench.peers import env, harness
from bench.peers.env import Unavailable
from bench.peers.postgres import postgres_server

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT_SECONDS = 300
OURS = "BuildOS Box"
THREE_COMMITS = "raw SQLite, three commits a job"
ONE_COMMIT = "raw SQLite, one commit a job"
ONE_TRANSACTION = "raw SQLite, one transaction for all"
Figures = dict[str, Any]


@dataclass(frozen=True)
class Size:
    """How much of everything a round does."""

    jobs: int
    peer_jobs: int
    samples: int
    peer_samples: int
    rounds: int
    growth_scale: int
    growth_samples: int


FULL = Size(3000, 600, 300, 200, 3, 1, 300)
QUICK = Size(600, 100, 100, 50, 3, 20, 100)
SMALLEST = Size(60, 20, 10, 5, 1, 100, 20)
FAST_PEERS, SLOW_PEERS = ("Huey", "Dramatiq", "SAQ", "taskiq"), ("DBOS",)
"""They get four times the jobs, or a tenth, so that their phases last as long."""


@dataclass(frozen=True)
class Contender:
    """One line of the table. `durable`: what was acknowledged outlives a loss of power."""

    name: str
    kind: str
    durable: bool
    run: Callable[[float, Size], Figures]
    """One round at so many seconds of I/O a job. Raises Unavailable."""


def contenders(*, peers: bool) -> list[Contender]:
    """Ours, the floors, and, unless they are not wanted, the peers."""
    found = [Contender(OURS, "ours", True, _ours)]
    for name, floor in (
        (THREE_COMMITS, "three"),
        (ONE_COMMIT, "one-each"),
        (ONE_TRANSACTION, "one-for-all"),
    ):
        found.append(Contender(name, "floor", True, _floor(floor)))
    if peers:
        found.append(Contender("Huey on SQLite, fsync", "peer", True, _peer("Huey")))
        found.append(Contender("DBOS on SQLite", "peer", True, _peer("DBOS")))
        found.append(Contender("Procrastinate on PostgreSQL", "peer", True, _on_postgres))
        for name in ("RQ", "Dramatiq", "Celery", "SAQ", "taskiq"):
            for durable, word in ((True, "fsync always"), (False, "as it comes")):
                run = _on_redis(name, fsync_always=durable)
                found.append(Contender(f"{name} on Redis, {word}", "peer", durable, run))
    return found


def _ours(io: float, size: Size) -> Figures:
    options = ["--jobs", str(size.jobs), "--samples", str(size.samples), "--io", str(io)]
    return _told([sys.executable, "-m", "bench.our_queue", *options])


def _floor(floor: str) -> Callable[[float, Size], Figures]:
    command = [sys.executable, "-m", "bench.sqlite_baseline", "--floor", floor]
    return lambda _io, size: _told([*command, "--jobs", str(size.jobs)])


def _peer(
    name: str, port: int = 0, more: Mapping[str, str] | None = None
) -> Callable[[float, Size], Figures]:
    def run(io: float, size: Size) -> Figures:
        command = [str(env.python()), "-W", "ignore", "-m", f"bench.peers.{name.lower()}_peer"]
        jobs = size.peer_jobs * (4 if name in FAST_PEERS else 1)
        samples = size.peer_samples
        if name in SLOW_PEERS:
            jobs, samples = max(2, jobs // 10), max(2, samples // 10)
        command += ["--jobs", str(jobs), "--samples", str(samples)]
        with tempfile.TemporaryDirectory() as folder:
            options = ["--io", str(io), "--folder", folder, "--redis-port", str(port)]
            return _told([*command, *options], more)

    return run


def _on_redis(name: str, *, fsync_always: bool) -> Callable[[float, Size], Figures]:
    def run(io: float, size: Size) -> Figures:
        with (
            tempfile.TemporaryDirectory() as folder,
            env.redis_server(Path(folder), fsync_always=fsync_always) as (port, pid),
        ):
            figures = _peer(name, port)(io, size)
            figures["rss_mb"] += rss_mb(with_children(pid))
            return figures

    return run


def _on_postgres(io: float, size: Size) -> Figures:
    with (
        tempfile.TemporaryDirectory() as folder,
        postgres_server(Path(folder)) as (address, pid),
    ):
        figures = _peer("Procrastinate", more={harness.POSTGRES: address})(io, size)
        figures["rss_mb"] += rss_mb(with_children(pid))
        return figures


def growth(size: Size) -> Figures:
    """What a claim costs in job stores of several sizes."""
    options = ["--scale", str(size.growth_scale), "--samples", str(size.growth_samples)]
    return _told([sys.executable, "-m", "bench.growth", *options])


def _told(command: list[str], more: Mapping[str, str] | None = None) -> Figures:
    try:
        ended = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), **(more or {})},
            capture_output=True,
            text=True,
            check=True,
            timeout=TIMEOUT_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"not done after {TIMEOUT_SECONDS} s") from error
    except subprocess.CalledProcessError as error:
        last = error.stderr.strip().splitlines()[-1:] or [f"status {error.returncode}"]
        raise Unavailable(f"ended with an error: {last[0]}") from error
    figures: Figures = json.loads(ended.stdout.strip().splitlines()[-1])
    return figures
