"""How fast the API answers, beside a bare Litestar route on the same server.

`python -m bench.http_bench` starts a real `buildos-box serve` and the floor (`bench/bare_api.py`),
asks both in turns and prints ratios. `--write` puts them into `bench/RESULTS.md`.
"""

import argparse
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bench import results_file
from bench.http_load import Answers, Request, ask, request
from bench.machine import describe
from bench.measure import keep_bytecode, percentile, tell
from bench.results_file import met_or_missed
from buildos_box.auth.local_files import ADMIN_FILE
from tests.faults.box_process import BoxProcess, until

HEADING = "# HTTP"
USERS = 200
JOBS_EACH = 20
LATENCY_LIMIT_MS = 10.0
TARGETS = {
    "GET /jobs/{id}": 0.45,
    "GET /users/{id}/jobs": 0.3,
    "GET /health": 0.5,
    "GET /queue/stats": 0.3,
    "POST /queue/brief": 0.3,
}
CONNECTIONS = {"POST /queue/brief": 16}
FLOOR = "bare route"


@dataclass(frozen=True)
class Found:
    """Of one route: answers a second, its ratio to the floor, p99 at half of its load."""

    name: str
    rate: float
    ratio: float
    p99_ms: float


@contextmanager
def floor() -> Iterator[int]:
    """The bare route; its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-m", "bench.bare_api", "--port", str(port)])
    try:
        assert until(lambda: _listens(port), seconds=20)
        yield port
    finally:
        process.kill()
        process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def fill(box: BoxProcess) -> str:
    """Users with jobs that wait; the id of one of the jobs."""
    for lane in ("llm", "default", "push", "email"):
        box.post("/queue/pause", {"lane": lane})
    users = [{"id": f"user-{n}", "timezone": "UTC"} for n in range(USERS)]
    box.post("/sync", {"users": users})
    job = ""
    for n in range(JOBS_EACH):
        day = {"userId": "user-0", "briefDate": f"2030-01-{n + 1:02d}"}
        job = box.post("/queue/brief", day)["jobId"]
    return job


def routes(token: str, job: str) -> list[Request]:
    """What is asked for."""

    def brief(n: int) -> bytes:
        return json.dumps({"userId": f"user-{n % USERS}"}).encode()

    return [
        request("GET /jobs/{id}", f"/jobs/{job}", token),
        request("GET /users/{id}/jobs", "/users/user-0/jobs", token),
        request("GET /health", "/health", token),
        request("GET /queue/stats", "/queue/stats", token),
        request("POST /queue/brief", "/queue/brief", token, brief),
    ]


def good(answers: Answers) -> Answers:
    """Those answers, each of which was a success."""
    assert not answers.refused, answers.refused[0]
    return answers


def measure(
    port: int, floor_port: int, what: list[Request], seconds: float, rounds: int
) -> tuple[float, list[Found]]:
    """The floor's rate, and what was found of each route: medians over the rounds."""
    bare = request(FLOOR, "/jobs/any", "none")
    rates: dict[str, list[float]] = {one.name: [] for one in what}
    ratios: dict[str, list[float]] = {one.name: [] for one in what}
    floors: list[float] = []
    for turn in range(rounds + 1):
        for one in what:
            count = CONNECTIONS.get(one.name, 8)
            low = good(ask(floor_port, bare, connections=count, seconds=seconds / 2)).rate
            rate = good(ask(port, one, connections=count, seconds=seconds)).rate
            if turn:  # the first round warms both up
                floors.append(low)
                rates[one.name].append(rate)
                ratios[one.name].append(rate / low)
    found = []
    for one in what:
        rate = statistics.median(rates[one.name])
        count = CONNECTIONS.get(one.name, 8)
        paced = good(ask(port, one, connections=count, seconds=seconds * 2, rate=rate / 2))
        p99 = percentile(paced.seconds, 0.99) * 1000
        found.append(Found(one.name, rate, statistics.median(ratios[one.name]), p99))
    return statistics.median(floors), found


def report(bare: float, found: list[Found], seconds: float, rounds: int) -> str:
    """The section of the results."""
    rows = "\n".join(
        f"| `{one.name}` | {CONNECTIONS.get(one.name, 8)} | {one.rate:,.0f} | {one.ratio:.2f} "
        f"| {TARGETS[one.name]:.2f} {met_or_missed(one.ratio >= TARGETS[one.name])} "
        f"| {one.p99_ms:.1f} {'' if one.p99_ms < LATENCY_LIMIT_MS else '**missed**'} |"
        for one in found
    )
    return f"""{HEADING}

{"; ".join(describe(peers=False))}.

| route | connections | answers/s | of the bare route | target | p99 at half load, ms |
| --- | ---: | ---: | ---: | ---: | ---: |
{rows}

The floor is a bare Litestar route that answers one constant job of the same shape, on uvicorn with
uvloop and httptools: {bare:,.0f} answers/s. Each route and the floor take turns; medians of
{rounds} rounds of {seconds:g} s, ratios within each round. The clients run on the same machine.
Half load: requests sent at half of the rate found, each timed from when it was due; under
{LATENCY_LIMIT_MS:.0f} ms is the target. The POST is durable: answered after its commit is on disk.
`python -m bench.http_bench --write`.
"""


def main() -> None:
    """Run, print, and with `--write` keep the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, floor() as floor_port:
        folder = Path(name)
        keep_bytecode(folder / "bytecode")
        with BoxProcess(folder / "box") as box:
            token = (box.data / ADMIN_FILE).read_text("utf-8").strip()
            what = routes(token, fill(box))
            time.sleep(1)
            port = urlsplit(box.url() or "").port or 0
            bare, found = measure(port, floor_port, what, options.seconds, options.rounds)
    section = report(bare, found, options.seconds, options.rounds)
    print(section)
    if options.write:
        results_file.put(results_file.RESULTS, section)
    tell({one.name: {"rate": one.rate, "ratio": one.ratio} for one in found})


if __name__ == "__main__":
    main()
