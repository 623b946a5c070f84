"""A city on one box: how long its morning takes, and what else the box does meanwhile.

`python -m bench.city_bench` fills a data folder with 100,000 people, a million tasks and 300,000
events, of whom 30,000 have their brief due at this minute, and starts a real `buildos-box serve`
that mails to a server on loopback. Its start runs the brief cron; the bench waits for the last
mail, while other requests and those of a dashboard are asked at a steady pace. All times are from
the start of the process. `--write` puts the figures into `bench/RESULTS.md`.
"""

import argparse
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import results_file
from bench.city import EVENTS, TASKS, fill
from bench.http_load import Answers, ask, request
from bench.machine import describe, other_work
from bench.mail_bench import mail_server, taken
from bench.measure import cpu_seconds, highest_mb, keep_bytecode, latency_ms, percentile, tell
from tests.faults.box_process import BoxProcess

HEADING = "# A city on one box"
CONFIG = """
[email]
transport = "smtp"
from_address = "briefs@bench.example"
[email.smtp]
host = "127.0.0.1"
port = {port}
security = "none"
"""
ASKED_EACH_SECOND = 5.0
SECONDS_OF_A_KIND = 2.0
LIMIT_SECONDS = 3_600.0
LEFT = """SELECT count(*) FROM queue_jobs
           WHERE completed_at IS NULL
             AND job_type IN ('generate_daily_brief', 'generate_brief_email')"""
KINDS = {
    "GET /users/{id}/briefs": "/users/u{n}/briefs",
    "GET /users/{id}/jobs": "/users/u{n}/jobs",
    "GET /users/{id}/notifications": "/users/u{n}/notifications",
    "GET /health": "/health",
    "dashboard: GET /queue/overview": "/queue/overview",
    "dashboard: GET /queue/stats": "/queue/stats",
}


@dataclass
class Morning:
    """What was seen; seconds and MiB."""

    fill: float = 0.0
    planned: float = 0.0
    done: float = 0.0
    cpu: float = 0.0
    memory: float = 0.0
    file_mb: float = 0.0
    mails: int = 0
    asked: dict[str, list[float]] = field(default_factory=dict)
    refused: int = 0


class _Asker:
    """Asks each kind in turn until it is told to end."""

    def __init__(self, port: int, token: str, people: int, found: Morning) -> None:
        self._facts = (port, token, people)
        self._found = found
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "_Asker":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()

    def _run(self) -> None:
        turn = 0
        while not self._ends.is_set():
            for name, path in KINDS.items():
                turn += 1
                self._keep(name, self._ask(path, turn))

    def _ask(self, path: str, turn: int) -> Answers:
        port, token, people = self._facts
        what = request("city", path.format(n=turn * 7_919 % people), token)
        pace = {"seconds": SECONDS_OF_A_KIND, "rate": ASKED_EACH_SECOND}
        return ask(port, what, connections=1, **pace)

    def _keep(self, name: str, answers: Answers) -> None:
        self._found.asked.setdefault(name, []).extend(answers.seconds)
        self._found.refused += len(answers.refused)


def morning(folder: Path, people: int, due: int) -> Morning:
    """Fill the box, start it, and let it send what is due."""
    found = Morning()
    began = time.perf_counter()
    fill(folder / "data", people, due)
    found.fill = time.perf_counter() - began
    began = time.perf_counter()
    # A start runs the crons that were missed, and that of briefs was.
    with mail_server() as port, BoxProcess(folder, config=CONFIG.format(port=port)) as box:
        token = box.http.headers["Authorization"].removeprefix("Bearer ")
        pid, address = box.process.pid, box.http.base_url.port
        assert address is not None
        with _Asker(address, token, people, found):
            _wait(box, found, began)
        found.cpu = cpu_seconds(pid)
        found.memory = highest_mb(pid)
        found.mails = taken(port)[0]
        found.file_mb = sum(f.stat().st_size for f in box.data.glob("*.sqlite3*")) / 2**20
        sent = box.rows("SELECT count(*) FROM emails WHERE status = 'sent'")[0][0]
    assert (sent, found.mails) == (due, due), f"{sent} sent, {found.mails} taken of {due}"
    return found


def _wait(box: BoxProcess, found: Morning, began: float) -> None:
    """Until the cron has planned everybody and the last mail is sent."""
    while True:
        (planned,) = box.rows("SELECT count(*) FROM brief_schedule WHERE last_decision IS NULL")
        left = box.rows(LEFT)[0][0]
        since = time.perf_counter() - began
        assert since < LIMIT_SECONDS, f"{left} jobs are left after {since:.0f} s"
        if planned[0] == 0 and not found.planned:
            found.planned = since
        if planned[0] == 0 and left == 0:
            found.done = since
            return
        time.sleep(0.5)


def _figures(found: Morning, people: int, due: int, beside: str) -> dict[str, Any]:
    return {
        "other_work": beside,
        "people": people,
        "due": due,
        "fill_seconds": found.fill,
        "planned_seconds": found.planned,
        "last_mail_seconds": found.done,
        "mails_per_second": due / found.done,
        "cpu_seconds": found.cpu,
        "peak_mb": found.memory,
        "file_mb": found.file_mb,
        "refused": found.refused,
        "asked": {name: latency_ms(seconds) for name, seconds in found.asked.items()},
    }


def _part(figures: dict[str, Any]) -> str:
    asked = "\n".join(
        f"| {name} | {one['p50_ms']:.0f} | {one['p99_ms']:.0f} | {one['samples']} |"
        for name, one in figures["asked"].items()
    )
    people, due = figures["people"], figures["due"]
    each = figures["cpu_seconds"] / due * 1000
    return f"""{HEADING}

{"; ".join([*describe(peers=False), figures["other_work"]])}.

{people:,} people, {people * TASKS:,} tasks, {people * EVENTS:,} events; {due:,} briefs due at one
minute, mailed by SMTP to a server on loopback.

| | |
| --- | ---: |
| the cron has planned them all | {figures["planned_seconds"]:.0f} s |
| **the last mail is sent** | **{figures["last_mail_seconds"] / 60:.1f} min** |
| mails/s | {figures["mails_per_second"]:.0f} |
| processor time of the box | {figures["cpu_seconds"]:.0f} s, {each:.1f} ms a brief |
| most memory | {figures["peak_mb"]:.0f} MiB |
| the database afterwards | {figures["file_mb"]:,.0f} MiB |
| refused requests | {figures["refused"]} |

| asked meanwhile | p50 ms | p99 ms | asked |
| --- | ---: | ---: | ---: |
{asked}

{ASKED_EACH_SECOND:g} requests a second in all; the kinds take turns of {SECONDS_OF_A_KIND:g} s.

`python -m bench.city_bench --people {people} --due {due} --write`; what it means for a choice of
machine: [capacity](../docs/capacity.md).
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--due", type=int, default=30_000)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    beside = other_work()
    with tempfile.TemporaryDirectory() as folder:
        keep_bytecode(Path(folder) / "bytecode")
        found = morning(Path(folder) / "box", options.people, options.due)
    figures = _figures(found, options.people, options.due, beside)
    slowest = max(percentile(seconds, 0.99) for seconds in found.asked.values())
    print(
        f"{options.due:,} of {options.people:,} people: planned in {found.planned:.1f} s, the last "
        f"mail after {found.done:.1f} s ({options.due / found.done:.0f}/s), "
        f"{found.memory:.0f} MiB, slowest p99 {slowest * 1000:.0f} ms; {beside}"
    )
    if options.write:
        results_file.put(results_file.RESULTS, _part(figures))
    tell({"city": figures})


if __name__ == "__main__":
    main()
