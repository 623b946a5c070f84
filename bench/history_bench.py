"""A week of jobs in the history: how big it is, how fast it is told and drawn, what it costs.

`python -m bench.history_bench` fills a data folder with 500,000 jobs of a week, starts a real
`buildos-box serve`, which adds them up, and asks `GET /queue/history`; then a real
`buildos-box tui` draws the charts. Last, the queue's throughput with and without its history, by
turns. `--write` puts the figures into `bench/RESULTS.md`.
"""

import argparse
import asyncio
import shutil
import sqlite3
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench import results_file
from bench.history_cost import Pace, losses, pace
from bench.large_job_store import TYPES as JOBS_OF_THE_WEEK
from bench.large_job_store import fill
from bench.machine import describe
from bench.measure import keep_bytecode, percentile, tell
from bench.results_file import met_or_missed
from bench.tui_bench import SEEN, dashboard
from buildos_box.app import DATABASE_FILE
from buildos_box.clock import SystemClock, to_text
from buildos_box.db import Database
from buildos_box.jobs.history import roll_up
from tests.faults.box_process import BoxProcess

HEADING = "# The queue's history"
WEEK_SECONDS = 7 * 86_400
ASKED = ((1, 60), (24, 600), (7 * 24, 3600), (30 * 24, 4 * 3600))
"""Hours back, and seconds of a step: what the charts ask."""
BYS = ("all", "lane", "type")
TABLES = ("queue_history", "queue_history_users", "queue_history_cursor", "llm_history")
SIZE_LIMIT_MB = 10.0
TOLD_LIMIT_MS = 50.0
DRAWN_LIMIT = 0.5
COST_LIMIT = 0.02
DRAWN = "┤"
"""Stands at the axis of a chart."""


@dataclass(frozen=True)
class Size:
    """How much of everything."""

    jobs: int = 500_000
    asked: int = 30
    """Requests of each kind."""
    drawn: int = 7
    rounds: int = 15
    databases: int = 12
    """For pairs of rounds, with the history added up beside the jobs and without it."""
    pair_jobs: int = 5_000
    throughput_jobs: int = 15_000
    """What a busy queue ends in some three seconds, before the engine adds anything up by itself:
    it does so every ten seconds, in pages of 10,000 jobs.
    """


SMALLEST = Size(3_000, 1, 1, 1, 1, 100, 300)


@dataclass
class Found:
    """All figures; seconds, ms, MB, jobs/s."""

    added: float = 0.0
    megabytes: dict[str, float] = field(default_factory=dict)
    told: dict[str, list[float]] = field(default_factory=dict)
    drawn: list[float] = field(default_factory=list)
    other: list[float] = field(default_factory=list)
    paces: list[Pace] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    """Share of the throughput that a pair of rounds lost."""


def add_up(data: Path) -> float:
    """Add the whole job store to the history, as the first start after an upgrade does."""

    async def work() -> float:
        db = await Database.open(data / DATABASE_FILE, SystemClock())
        started = time.perf_counter()
        await roll_up(db)
        took = time.perf_counter() - started
        await db.close()
        return took

    return asyncio.run(work())


def sizes(data: Path, folder: Path) -> dict[str, float]:
    """Megabytes of each table, each copied into a file of its own."""
    found = {}
    for table in TABLES:
        copy = folder / f"{table}.sqlite3"
        with sqlite3.connect(data / DATABASE_FILE) as db:
            (made,) = db.execute(
                "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)
            ).fetchone()
            db.execute("ATTACH ? AS copy", (str(copy),))
            db.execute(made.replace(f"CREATE TABLE {table}", f"CREATE TABLE copy.{table}"))
            db.execute(f"INSERT INTO copy.{table} SELECT * FROM main.{table}")
        found[table] = copy.stat().st_size / 1e6
    return found


def ask(box: BoxProcess, times: int) -> dict[str, list[float]]:
    """Milliseconds of each request, by what was asked."""
    found: dict[str, list[float]] = {}
    for _ in range(times):
        for hours, step in ASKED:
            for by in BYS:
                now = SystemClock().now()
                span: dict[str, Any] = {
                    "from": to_text(now - timedelta(hours=hours)),
                    "to": to_text(now),
                    "step": step,
                    "by": by,
                }
                started = time.perf_counter()
                answer = box.http.get("/queue/history", params=span)
                took = (time.perf_counter() - started) * 1000
                assert answer.status_code == 200, answer.text
                found.setdefault(f"{hours} h by {by}", []).append(took)
    return found


def draw(box: BoxProcess, times: int, found: Found) -> None:
    """Seconds from the key to the first chart, each in a dashboard of its own, and to others."""
    for _ in range(times):
        with dashboard(box, str(box.url())) as terminal:
            terminal.sees(SEEN)
            terminal.sees("● live")
            time.sleep(1)  # a person looks first
            pressed = terminal.press("7")
            found.drawn.append(terminal.sees(DRAWN) - pressed)
            for _ in range(3):
                before = terminal.screen.text()
                pressed = terminal.press("s")
                seen = terminal.when(
                    lambda screen, before=before: (  # type: ignore[misc]
                        DRAWN in screen.text()
                        and "…" not in screen.text().splitlines()[2]
                        and screen.text().splitlines()[2] != before.splitlines()[2]
                    )
                )
                assert seen is not None, terminal.screen.text()
                found.other.append(seen - pressed)


def settle(box: BoxProcess) -> None:
    """Wait until what a start does has ended: crons that were due, the first cleanup."""
    while any(run["status"] == "running" for run in _last_runs(box)) or not _last_runs(box):
        time.sleep(0.2)


def _last_runs(box: BoxProcess) -> list[Any]:
    crons = box.get("/schedule")["crons"]
    return [cron["lastRun"] for cron in crons if cron["lastRun"] is not None]


def measure(folder: Path, size: Size) -> Found:
    """All of it."""
    found = Found()
    fill(folder / "data", size.jobs, apart=WEEK_SECONDS / size.jobs)
    found.added = add_up(folder / "data")
    found.megabytes = sizes(folder / "data", folder)
    with BoxProcess(folder) as box:
        settle(box)
        ask(box, 1)
        found.told = ask(box, size.asked)
        draw(box, size.drawn, found)
    shutil.rmtree(folder / "data")
    found.paces = [pace(size.throughput_jobs) for _ in range(size.rounds)]
    found.losses = losses(size.pair_jobs, size.databases)
    return found


def report(found: Found, size: Size) -> str:
    """The section of the results."""
    worst = {what: percentile(ms, 0.99) for what, ms in found.told.items()}
    slowest = max(worst, key=worst.__getitem__)
    everything = [ms for kind in found.told.values() for ms in kind]
    total = sum(found.megabytes.values())
    types, lanes = (set(names) for names in zip(*JOBS_OF_THE_WEEK, strict=True))
    rate = statistics.median(pace.rate for pace in found.paces)
    job = statistics.median(pace.jobs for pace in found.paces) / size.throughput_jobs * 1e6
    adding = statistics.median(pace.adding for pace in found.paces) / size.throughput_jobs * 1e6
    cost = statistics.median(pace.adding / (pace.jobs + pace.adding) for pace in found.paces)
    loss = statistics.median(found.losses)
    first, _, third = statistics.quantiles(found.losses, n=4)
    rows = [
        (
            "charts, from the key to the first paint, median (worst)",
            f"{DRAWN_LIMIT * 1000:.0f} ms",
            f"{statistics.median(found.drawn) * 1000:.0f} ms ({max(found.drawn) * 1000:.0f} ms)",
            statistics.median(found.drawn) < DRAWN_LIMIT,
        ),
        (
            f"`GET /queue/history`, p50 / p99 of {len(everything):,} requests",
            f"- / {TOLD_LIMIT_MS:.0f} ms",
            f"{percentile(everything, 0.5):.1f} / {percentile(everything, 0.99):.1f} ms",
            percentile(everything, 0.99) < TOLD_LIMIT_MS,
        ),
        ("its tables", f"{SIZE_LIMIT_MB:.0f} MB", f"{total:.1f} MB", total < SIZE_LIMIT_MB),
        (
            "what the queue's throughput loses by it, median of pairs",
            f"{COST_LIMIT:.0%}",
            f"{loss:.1%}",
            loss < COST_LIMIT,
        ),
    ]
    table = "\n".join(
        f"| {what} | {limit} | {value} | {met_or_missed(met)} |" for what, limit, value, met in rows
    )
    parts_of = ", ".join(f"`{name}` {mb:.2f}" for name, mb in found.megabytes.items())
    return f"""{HEADING}

{"; ".join(describe(peers=False))}.

A week of {size.jobs:,} jobs of {len(lanes)} lanes and {len(types)} types with their audit trails.

| | target | found | |
| --- | ---: | ---: | --- |
{table}

MB: {parts_of}. The slowest request is {slowest}: p99 {worst[slowest]:.1f} ms. Another span
of the same chart is drawn in {statistics.median(found.other) * 1000:.0f} ms (median).
The first start after an upgrade adds the week up in {found.added:.1f} s, behind the queue's back.
Throughput: {len(found.losses)} pairs of rounds of {size.pair_jobs:,} no-op jobs, pipelined; in
one of each pair those of the round before are added to the history meanwhile. A half of the pairs
lose between {first:.1%} and {third:.1%}.
Processor time: {size.rounds} rounds of as many jobs at {rate:,.0f} jobs/s, added up after them; a
job takes {job:.0f} µs, adding it to the history {adding:.1f} µs (medians), which is {cost:.1%}:
what a queue would lose that leaves no processor idle.
`python -m bench.history_bench --write`.
"""


def main() -> None:
    """Run, print, and with `--write` keep the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smallest", action="store_true", help="hardly anything, once")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    size = SMALLEST if options.smallest else Size()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        keep_bytecode(folder / "bytecode")
        found = measure(folder, size)
    section = report(found, size)
    print(section)
    if options.write:
        results_file.put(results_file.RESULTS, section)
    tell({"drawn": found.drawn, "megabytes": found.megabytes, "added": found.added})


if __name__ == "__main__":
    main()
