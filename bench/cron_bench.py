"""What the hourly brief cron costs: it must follow the users who are due, not all there are.

`python -m bench.cron_bench` fills boxes with 1,000, 10,000 and 100,000 users, of whom the same
400 are due in the coming hour, and times one run of the cron in each. It also times a run with
nobody due, and what reading every user's preferences would cost (the floor of the design that
looks at everybody). `--write` keeps the figures in `bench/RESULTS.md`.
"""

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from typing import Any

from bench import results_file
from bench.machine import describe
from bench.measure import tell
from buildos_box.app import Box
from buildos_box.briefs.cron import schedule_briefs
from buildos_box.db import Tx
from buildos_box.settings import DataSettings, Settings
from buildos_box.workspace.batch import read_sync
from buildos_box.workspace.sync import write
from tests.clock import ManualClock

NOW = "2026-11-23T08:00:00Z"
DUE = 400
ROUNDS = 5


def _document(users: range, due: set[int]) -> dict[str, Any]:
    """Users with preferences: those due at 09:00 UTC, the others in the afternoon."""
    return {
        "users": [{"id": f"u{n}", "email": f"u{n}@example.org", "name": f"U {n}"} for n in users],
        "preferences": [
            {"userId": f"u{n}", "timeOfDay": "09:00" if n in due else f"{13 + n % 9}:{n % 60:02}"}
            for n in users
        ],
    }


async def _fill(box: Box, count: int) -> None:
    due = set(random.Random(7).sample(range(count), DUE))
    for start in range(0, count, 2_000):
        document = _document(range(start, min(start + 2_000, count)), due)
        await write(box.services.db, read_sync(document), box.services.clock.now())


def _forget(tx: Tx) -> None:
    """As before the run: nothing queued, and the early risers' next run is today's."""
    tx.execute("DELETE FROM queue_jobs")
    tx.execute(
        """UPDATE brief_schedule SET notify_at = '2026-11-23T09:00:00.000Z'
            WHERE user_id IN (SELECT user_id FROM preferences WHERE time_of_day = '09:00')"""
    )


async def _measure(count: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        box = await Box.open(Settings(data=DataSettings(dir=folder)), clock=ManualClock(NOW))
        try:
            await _fill(box, count)
            due_seconds, idle_seconds, everybody = [], [], []
            for _ in range(ROUNDS):
                await box.services.db.write(_forget)
                began = time.perf_counter()
                summary = await schedule_briefs(box.services.clock.now(), box.services)
                due_seconds.append(time.perf_counter() - began)
                assert summary.queued == DUE, summary
                began = time.perf_counter()
                assert (await schedule_briefs(box.services.clock.now(), box.services)).due == 0
                idle_seconds.append(time.perf_counter() - began)
                began = time.perf_counter()
                await box.services.db.all("SELECT * FROM preferences")
                everybody.append(time.perf_counter() - began)
            return {
                "users": count,
                "due_ms": statistics.median(due_seconds) * 1000,
                "nobody_due_ms": statistics.median(idle_seconds) * 1000,
                "read_everybody_ms": statistics.median(everybody) * 1000,
            }
        finally:
            await box.close()


def _part(figures: list[dict[str, float]]) -> str:
    base = figures[0]["due_ms"]
    rows = "\n".join(
        f"| {row['users']:,.0f} | {row['due_ms']:.1f} | {row['due_ms'] / base:.2f} × "
        f"| {row['nobody_due_ms']:.2f} | {row['read_everybody_ms']:.1f} |"
        for row in figures
    )
    return f"""# One run of the brief cron

{"; ".join(describe(peers=False))}.

| users | {DUE} due, ms | to the first row | none due, ms | reading all preferences, ms |
| ---: | ---: | ---: | ---: | ---: |
{rows}

Median of {ROUNDS} runs; the same {DUE} people are due in each box.
`python -m bench.cron_bench --write`.
"""


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    figures = [await _measure(count) for count in options.users]
    base = figures[0]
    print(f"{'users':>8} {'400 due':>10} {'ratio':>6} {'none due':>10} {'read everybody':>15}")
    for row in figures:
        print(
            f"{row['users']:>8} {row['due_ms']:>8.1f}ms {row['due_ms'] / base['due_ms']:>6.2f} "
            f"{row['nobody_due_ms']:>8.2f}ms {row['read_everybody_ms']:>13.1f}ms"
        )
    if options.write:
        results_file.put(results_file.RESULTS, _part(figures))
    tell({"cron": figures})


if __name__ == "__main__":
    asyncio.run(main())
