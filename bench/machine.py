"""What the figures were taken on: no names, no paths, no dates."""

import os
import platform
import sqlite3
import statistics
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from bench.peers import env, postgres


def describe(*, peers: bool) -> list[str]:
    """The machine and the versions, a fact to a line."""
    facts = [
        f"{os.cpu_count()} cores ({platform.machine()}), {_memory_gib():.0f} GiB of memory, "
        f"{platform.system()}",
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}",
        f"a 4 KiB write with fsync takes {fsync_ms():.2f} ms (median of 200)",
    ]
    if peers:
        with suppress(env.Unavailable):
            found = ", ".join(f"{name} {version}" for name, version in env.versions().items())
            facts.append(f"Python packages of the peers: {found}")
            facts.append(f"Redis server {env.redis_version()}")
            facts.append(f"PostgreSQL {postgres.version()}")
    return facts


def other_work() -> str:
    """The load before a bench begins: what else the processors have to do, which slows it."""
    return f"a load of {os.getloadavg()[0]:.1f} before it began"


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def fsync_ms() -> float:
    """Median milliseconds of a small durable write where the bench keeps its files."""
    with tempfile.TemporaryDirectory() as folder:
        fd = os.open(Path(folder) / "probe", os.O_RDWR | os.O_CREAT)
        times = []
        for _ in range(200):
            started = time.perf_counter()
            os.write(fd, bytes(4096))
            os.fdatasync(fd)
            times.append(time.perf_counter() - started)
        os.close(fd)
    return statistics.median(times) * 1000
