"""What the serving process costs at rest, and how soon it answers.

`python -m bench.box_bench` starts a real `buildos-box serve` with the default configuration: often,
to see how soon `GET /health` says that it is well, and once to leave it alone and weigh it. Both on
an empty folder, and on one with 100,000 jobs. `--write` puts the figures into `bench/RESULTS.md`.
"""

import argparse
import shutil
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench import results_file
from bench.large_job_store import JOBS, fill
from bench.machine import describe
from bench.measure import cpu_seconds, keep_bytecode, pss_mb, rss_mb, tell
from bench.results_file import met_or_missed
from tests.faults.box_process import BoxProcess

HEADING = "# The serving process at rest"
STARTS = 7
IDLE_SECONDS = 30
MEMORY_LIMIT = 65.0
START_LIMIT = 0.8
REST_LIMIT = 0.003
PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class Found:
    """Of one data folder: MiB after rest, the share of a core at rest, seconds of each start."""

    name: str
    rss: float
    pss: float
    cores: float
    starts: list[float]


def seconds_to_health(box: BoxProcess) -> float:
    """From the start of the process to the first answer 200 of `GET /health`."""
    started = time.perf_counter()
    box.launch()
    with httpx.Client(trust_env=False, timeout=5) as http:
        while time.perf_counter() < started + PATIENCE_SECONDS and box.runs:
            url = box.url()
            if url and http.get(f"{url}/health").status_code == 200:
                return time.perf_counter() - started
            time.sleep(0.005)
    raise AssertionError(f"never well:\n{box.said()}")


def measure(
    name: str,
    folder: Path,
    past: Path | None,
    *,
    times: int = STARTS,
    idle_seconds: float = IDLE_SECONDS,
) -> Found:
    """Start it often, each time on a fresh copy of the past; leave the last one alone."""
    starts = []
    for turn in range(times):
        data = folder / str(turn)
        if past is not None:
            shutil.copytree(past, data / "data")
        box = BoxProcess(data)
        starts.append(seconds_to_health(box))
        if turn < times - 1:
            box.stop()
    pid = box.process.pid
    time.sleep(idle_seconds / 2)
    used, since = cpu_seconds(pid), time.perf_counter()
    time.sleep(idle_seconds / 2)
    cores = (cpu_seconds(pid) - used) / (time.perf_counter() - since)
    found = Found(name, rss_mb([pid]), pss_mb([pid]), cores, starts)
    box.stop()
    return found


def report(all_found: list[Found], idle_seconds: float) -> str:
    """The section of the results."""
    rows = "\n".join(
        f"| {one.name} | {one.rss:.0f} | {one.pss:.0f} | {one.cores * 100:.1f} % "
        f"| {statistics.median(one.starts):.2f} | {max(one.starts):.2f} |"
        for one in all_found
    )
    is_light = all(max(one.rss, one.pss) < MEMORY_LIMIT for one in all_found)
    is_quiet = all(round(one.cores, 3) <= REST_LIMIT for one in all_found)
    is_soon = all(statistics.median(one.starts) < START_LIMIT for one in all_found)
    return f"""{HEADING}

{"; ".join(describe(peers=False))}.

| data folder | RSS, MiB | PSS, MiB | of one core | start, s: median | worst |
| --- | ---: | ---: | ---: | ---: | ---: |
{rows}

Targets: under {MEMORY_LIMIT:.0f} MiB at rest: {met_or_missed(is_light)};
first healthy answer in under {START_LIMIT:g} s: {met_or_missed(is_soon)};
at most {REST_LIMIT:.1%} of a core: {met_or_missed(is_quiet)}.
A real `serve` with the default configuration. Memory after {idle_seconds:g} s in which nobody asks
anything, the processor in their second half, all threads; PSS counts pages that are shared with
others by their share.
Start: from the process's start to the first answer 200 of `GET /health`,
{len(all_found[0].starts)} starts, each on a
folder that no box has opened since it was copied, with Python's compiled code kept, as it is where
the box is installed. Which libraries are not loaded for this, a test
holds (`tests/settings/test_loaded.py`).
`python -m bench.box_bench --write`.
"""


def main() -> None:
    """Run, print, and with `--write` keep the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=JOBS)
    parser.add_argument("--starts", type=int, default=STARTS)
    parser.add_argument("--idle-seconds", type=float, default=IDLE_SECONDS)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        keep_bytecode(folder / "bytecode")
        fill(folder / "past", options.jobs)
        more = {"times": options.starts, "idle_seconds": options.idle_seconds}
        measure("first", folder / "first", None, times=1, idle_seconds=0.1)
        found = [
            measure("empty", folder / "empty", None, **more),
            measure(f"{options.jobs:,} jobs", folder / "full", folder / "past", **more),
        ]
    section = report(found, options.idle_seconds)
    print(section)
    if options.write:
        results_file.put(results_file.RESULTS, section)
    tell({one.name: one.starts for one in found})


if __name__ == "__main__":
    main()
