"""Twenty minutes of everything at once: does memory stay flat, the WAL bounded?

`python -m bench.soak --minutes 20` starts a real `buildos-box serve`, with a mail server and
Twilio's double beside it, and does at a steady rate what a day brings: people come, tasks change,
briefs are asked for, written and mailed, messages sent, jobs cancelled and retried, lists read,
streams opened and left. Every ten seconds the process is weighed. `--write` puts the figures into
`bench/RESULTS.md`.
"""

import argparse
import asyncio
import random
import re
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from bench import results_file
from bench.machine import describe
from bench.mail_bench import mail_server, taken
from bench.measure import cpu_seconds, keep_bytecode, percentile, rss_mb, tell
from bench.results_file import met_or_missed
from tests.doubles.twilio import ACCOUNT, SERVICE, TOKEN, TwilioDouble
from tests.faults.box_process import BoxProcess, until

HEADING = "# A soak"
A_SECOND = 20
SAMPLE_SECONDS = 10
PEOPLE = 50
STREAMS = 10
STREAM_SECONDS = 45
GROWTH_LIMIT = 0.05
"""Memory is flat if its trend over the second half is less than this share of it."""
WAL_LIMIT_MIB = 64
"""After a checkpoint the box cuts the file to this."""
END_SECONDS = 60
Json = dict[str, Any]
ID = re.compile(r"(job-|p)\d\w+(-t\d+)?")


@dataclass(frozen=True)
class Sample:
    """The process at one moment, and the requests for briefs since the last."""

    at: float
    rss: float
    wal: float
    files: int
    threads: int
    briefs: list[float]


@dataclass
class Soak:
    """The load, and what came of it."""

    box: BoxProcess
    http: httpx.AsyncClient
    chance: random.Random = field(default_factory=lambda: random.Random(8))
    users: list[str] = field(default_factory=list)
    tasks: list[str] = field(default_factory=list)
    requests: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    briefs: list[float] = field(default_factory=list)
    all_briefs: list[float] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    turn: int = 0

    async def call(self, method: str, path: str, body: Json | None = None, **params: Any) -> Json:
        """One request; anything but success is an error."""
        kind = f"{method} {ID.sub('…', path)}"
        self.requests[kind] += 1
        try:
            answer = await self.http.request(method, path, json=body, params=params)
        except httpx.HTTPError as error:
            self.errors[f"{kind}: {type(error).__name__}"] += 1
            return {}
        if answer.status_code >= 300:
            self.errors[f"{kind}: {answer.status_code} {ID.sub('…', answer.text)[:120]}"] += 1
            return {}
        found = answer.json() if "json" in answer.headers.get("content-type", "") else {}
        return dict(found) if isinstance(found, dict) else {}

    def someone(self) -> str:
        """Any of the people."""
        return self.chance.choice(self.users)

    async def person(self) -> None:
        """Somebody new, with a project and tasks."""
        user = f"p{len(self.users):05}"
        await self.call("POST", "/sync", batch([user]))
        self.users.append(user)
        self.tasks += [f"{user}-t{n}" for n in range(3)]

    async def edit(self) -> None:
        """A task gets another name and day."""
        self.turn += 1
        day = datetime.now(UTC).date() + timedelta(days=self.turn % 5)
        change = {"title": f"Beans {self.turn}", "dueDate": day.isoformat()}
        await self.call("PATCH", f"/tasks/{self.chance.choice(self.tasks)}", change)

    async def brief(self) -> None:
        """A brief, now, even if there is one."""
        started = time.perf_counter()
        await self.call("POST", "/queue/brief", {"userId": self.someone(), "forceRegenerate": True})
        self.briefs.append(time.perf_counter() - started)

    async def cancel_and_change(self) -> None:
        """A brief for later; cancelled, and wanted after all."""
        self.turn += 1
        now = datetime.now(UTC)
        day = (now + timedelta(days=2 + self.turn % 5)).date().isoformat()
        later = (now + timedelta(days=1)).isoformat()
        asked = {"userId": self.someone(), "briefDate": day, "forceRegenerate": True}
        asked["scheduledFor"] = later
        job = (await self.call("POST", "/queue/brief", asked)).get("jobId")
        if job is not None and (await self.call("POST", f"/jobs/{job}/cancel")):
            await self.call("POST", f"/jobs/{job}/retry")

    async def notice(self) -> None:
        """A word in somebody's inbox."""
        what = {"taskId": "t", "taskName": "Beans", "projectName": "Garden"}
        body = {"userId": self.someone(), "eventType": "task.completed", "channel": "in_app"}
        await self.call("POST", "/queue/notification", {**body, "payload": what})

    async def sms(self) -> None:
        """A message to somebody's phone."""
        self.turn += 1
        body = {"userId": self.someone(), "message": f"Standup {self.turn}"}
        await self.call("POST", "/queue/sms", body)

    async def look(self) -> None:
        """What the dashboard asks for."""
        paths = ("/queue/stats", "/queue/lanes", "/schedule", "/jobs", "/queue/overview",
                 "/messages", "/people", "/health")  # fmt: skip
        await self.call("GET", self.chance.choice(paths))

    async def read(self) -> None:
        """What a person's page asks for."""
        part = self.chance.choice(("tasks", "briefs", "notifications", "calendar-events", "emails"))
        await self.call("GET", f"/users/{self.someone()}/{part}")

    async def listen(self) -> None:
        """A stream is opened, heard for a while, and left; again and again."""
        while True:
            user = self.chance.choice((None, self.someone()))
            path = "/events" if user is None else f"/users/{user}/events"
            self.requests["GET a stream"] += 1
            with suppress(TimeoutError):
                async with asyncio.timeout(self.chance.uniform(0.5, 1.5) * STREAM_SECONDS):
                    try:
                        async with self.http.stream("GET", path, timeout=None) as answer:
                            if answer.status_code != 200:
                                self.errors[f"stream: {answer.status_code}"] += 1
                            async for _ in answer.aiter_bytes():
                                pass
                        self.errors["stream: ended by the box"] += 1
                    except httpx.HTTPError as error:
                        self.errors[f"stream: {type(error).__name__}"] += 1
            await asyncio.sleep(0.1)

    def weigh(self, at: float) -> None:
        """Add a sample."""
        pid = self.box.process.pid
        wal = Path(f"{self.box.database}-wal")
        self.samples.append(
            Sample(
                at=at,
                rss=rss_mb([pid]),
                wal=wal.stat().st_size / 2**20 if wal.exists() else 0.0,
                files=len(list(Path(f"/proc/{pid}/fd").iterdir())),
                threads=len(list(Path(f"/proc/{pid}/task").iterdir())),
                briefs=self.briefs,
            )
        )
        self.all_briefs += self.briefs
        self.briefs = []
        found = self.samples[-1]
        print(
            f"{at:6.0f} s  {found.rss:6.1f} MiB  WAL {found.wal:5.1f} MiB  "
            f"{found.files} files  {found.threads} threads  {sum(self.errors.values())} errors",
            flush=True,
        )

    async def run(self, seconds: float) -> None:
        """The load at its rate, weighed all the while."""
        kinds: list[tuple[Callable[[], Awaitable[None]], int]] = [
            (self.read, 60), (self.look, 40), (self.edit, 40), (self.brief, 30),
            (self.notice, 16), (self.cancel_and_change, 3), (self.sms, 4), (self.person, 1),
        ]  # fmt: skip
        acts, weights = [kind for kind, _ in kinds], [weight for _, weight in kinds]
        await self.call("POST", "/sync", batch([f"p{n:05}" for n in range(PEOPLE)]))
        self.users = [f"p{n:05}" for n in range(PEOPLE)]
        self.tasks = [f"{user}-t{n}" for user in self.users for n in range(3)]
        streams = [asyncio.create_task(self.listen()) for _ in range(STREAMS)]
        started, sampled = time.perf_counter(), 0.0
        under_way: set[asyncio.Task[None]] = set()
        for n in range(round(seconds * A_SECOND)):
            await asyncio.sleep(max(0.0, started + n / A_SECOND - time.perf_counter()))
            (act,) = self.chance.choices(acts, weights)
            task = asyncio.ensure_future(act())
            under_way.add(task)
            task.add_done_callback(under_way.discard)
            if (at := time.perf_counter() - started) >= sampled:
                self.weigh(at)
                sampled += SAMPLE_SECONDS
        await asyncio.gather(*under_way)
        self.weigh(time.perf_counter() - started)
        for stream in streams:
            stream.cancel()
        await asyncio.gather(*streams, return_exceptions=True)


def batch(users: list[str]) -> Json:
    """People with a phone, a project, tasks and a meeting."""
    day = datetime.now(UTC).date().isoformat()
    phones = {user: f"+1415555{2000 + int(user[1:]) % 8000:04}" for user in users}
    preferences = {"phoneVerified": True, "dailyLimit": 1000, "quietHoursStart": None}
    return {
        "users": [{"id": u, "email": f"{u}@example.org", "name": u.title()} for u in users],
        "smsPreferences": [
            {"userId": user, "phoneNumber": phone, **preferences} for user, phone in phones.items()
        ],
        "projects": [{"id": f"{u}-p", "userId": u, "name": "Garden"} for u in users],
        "tasks": [
            {"id": f"{u}-t{n}", "projectId": f"{u}-p", "title": f"Task {n}", "dueDate": day}
            for u in users
            for n in range(3)
        ],
        "events": [
            {"id": f"{u}-e", "userId": u, "title": "Standup", "startAt": f"{day}T10:00:00Z",
             "endAt": f"{day}T10:15:00Z"}
            for u in users
        ],
    }  # fmt: skip


def slope(samples: list[Sample]) -> float:
    """MiB an hour, by least squares."""
    fit = statistics.linear_regression([one.at for one in samples], [one.rss for one in samples])
    return fit.slope * 3600


@dataclass(frozen=True)
class Ending:
    """What is left when the load has ended."""

    unfinished: int
    failed: Counter[str]
    done: int
    mails: int
    messages: int
    cores: float


def report(soak: Soak, ending: Ending, minutes: float) -> str:
    """The section of the results."""
    samples = soak.samples
    half = samples[len(samples) // 2 :]
    trend = slope(half)
    growth = trend * (half[-1].at - half[0].at) / 3600
    is_flat = growth < GROWTH_LIMIT * half[0].rss
    wal = max(one.wal for one in samples)
    errors = sum(soak.errors.values()) + sum(ending.failed.values()) + ending.unfinished
    told = "".join(f"\n- {count} × {what}" for what, count in soak.errors.most_common(10))
    told += "".join(
        f"\n- {count} × failed: {what}" for what, count in ending.failed.most_common(10)
    )
    briefs = soak.all_briefs
    step = max(1, len(samples) // 10)
    rows = "\n".join(
        f"| {one.at / 60:.1f} | {one.rss:.0f} | {one.wal:.1f} | {one.files} | {one.threads} "
        f"| {_ms(one.briefs, 0.5)} | {_ms(one.briefs, 0.99)} |"
        for one in samples[1::step]
    )
    return f"""{HEADING}

{"; ".join(describe(peers=False))}.

{minutes:g} minutes, {sum(soak.requests.values()):,} requests, about {A_SECOND} a second, beside
{STREAMS} streams; {ending.done:,} jobs finished, {ending.mails:,} mails and {ending.messages:,} SMS
sent; {ending.cores * 100:.0f} % of a core.

| | target | found | |
| --- | --- | ---: | --- |
| memory | flat | {trend:+.1f} MiB an hour, {max(one.rss for one in samples):.0f} MiB at most | {
        met_or_missed(is_flat)
    } |
| WAL | bounded | {wal:.1f} MiB at most | {met_or_missed(wal < WAL_LIMIT_MIB)} |
| errors | none | {errors} | {met_or_missed(not errors)} |
| `POST /queue/brief` | reported | p50 {_ms(briefs, 0.5)} ms, p99 {_ms(briefs, 0.99)} ms | |
{told}

| minute | RSS, MiB | WAL, MiB | files | threads | brief p50, ms | p99, ms |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: |
{rows}

A real `serve`, with a mail server and Twilio's double beside it: people come, tasks change, briefs
are asked for, written by the built-in analyst and mailed, messages sent, jobs cancelled and
retried, the lists of the dashboard and of people's pages read, streams opened and left. An error is
any answer but success, a stream that the box ends, a job that fails or is not done within
{END_SECONDS} s of the end. Memory: the trend over the second half, by least squares; flat if that
adds less than {GROWTH_LIMIT * 100:.0f} % in it.
`python -m bench.soak --minutes 20 --write`.
"""


def _ms(seconds: list[float], share: float) -> str:
    return f"{percentile(seconds, share) * 1000:.0f}" if seconds else "-"


def _live(box: BoxProcess) -> int:
    """Jobs that are due and not finished."""
    sql = """SELECT count(*) FROM queue_jobs WHERE completed_at IS NULL
              AND scheduled_for <= strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"""
    return int(box.rows(sql)[0][0])


async def _run(box: BoxProcess, minutes: float) -> Soak:
    token = box.http.headers["Authorization"]
    limits = httpx.Limits(max_connections=100)
    async with httpx.AsyncClient(
        base_url=str(box.url()), headers={"Authorization": token}, trust_env=False, timeout=30,
        limits=limits,
    ) as http:  # fmt: skip
        soak = Soak(box, http)
        await soak.run(minutes * 60)
    return soak


def main() -> None:
    """Run, print, and with `--write` keep the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        TwilioDouble(None) as twilio,
        mail_server() as port,
    ):
        keep_bytecode(Path(folder) / "bytecode")
        config = f"""
[email]
transport = "smtp"
[email.smtp]
host = "127.0.0.1"
port = {port}
security = "none"
[sms]
account_sid = "{ACCOUNT}"
auth_token = "{TOKEN}"
messaging_service_sid = "{SERVICE}"
api_base_url = "{twilio.url}"
"""
        with BoxProcess(Path(folder), config=config) as box:
            used, since = cpu_seconds(box.process.pid), time.perf_counter()
            soak = asyncio.run(_run(box, options.minutes))
            cores = (cpu_seconds(box.process.pid) - used) / (time.perf_counter() - since)
            until(lambda: not _live(box), seconds=END_SECONDS, every=0.5)
            failed = Counter(
                f"{row['job_type']}: {row['error']}"
                for row in box.rows(
                    "SELECT job_type, error FROM queue_jobs WHERE status = 'failed'"
                )
            )
            done = box.rows("SELECT count(*) FROM queue_jobs WHERE status = 'completed'")
            ending = Ending(
                unfinished=_live(box),
                failed=failed,
                done=int(done[0][0]),
                mails=taken(port)[0],
                messages=len(twilio.sent),
                cores=cores,
            )
    section = report(soak, ending, options.minutes)
    print(section)
    if options.write:
        results_file.put(results_file.RESULTS, section)
    tell({"rss": [one.rss for one in soak.samples], "errors": dict(soak.errors)})


if __name__ == "__main__":
    main()
