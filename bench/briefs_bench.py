"""Briefs per second, end to end, and where the time goes.

`python -m bench.briefs_bench` fills a box with 10,000 users, waits until what its first start does
beside (a backup) is done, queues a brief for some of them as the API does, and lets the real engine
write them with the built-in analyst and mail them to the outbox. Then the same people's briefs are
made by the same functions called in a plain loop, with the same texts: read, compose, render, write
the file; no jobs, no stages, no rows. The ratio is what a durable queue costs. The loop also writes
in German and in American English by turns: what a language costs. The processor time of the whole
process is told beside it, which holds also while others load the machine, and that of each thread.
`--profile` adds where the engine's threads spent their time, and the writer's statements; `--write`
keeps the figures in `bench/RESULTS.md`.
"""

import argparse
import asyncio
import os
import re
import statistics
import tempfile
import time
from datetime import date
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any, NamedTuple

from bench import results_file
from bench.engine_profile import EngineProfile
from bench.machine import describe
from bench.measure import tell
from bench.thread_times import ThreadTimes
from buildos_box.app import Box
from buildos_box.auth.caller import Caller
from buildos_box.auth.idempotency import IdempotentRequest
from buildos_box.briefs.analysis import as_text, whole
from buildos_box.briefs.analysis_schema import NOTHING_WORDED
from buildos_box.briefs.collect import Selection, collect
from buildos_box.briefs.compose import compose
from buildos_box.briefs.draft import TICKED
from buildos_box.briefs.headline import preheader, sms, subject
from buildos_box.briefs.project_markdown import project_section
from buildos_box.briefs.queueing import BriefRequest, queue_brief
from buildos_box.clock import to_text
from buildos_box.mail import store as mail_store
from buildos_box.mail.job import sender_of
from buildos_box.mail.render import message_id, render
from buildos_box.page_links import PageLinks
from buildos_box.settings import DataSettings, Settings
from buildos_box.workspace import store as workspace
from buildos_box.workspace.batch import read_sync
from buildos_box.workspace.sync import write

TASKS = 6
ROUNDS = 5
TURNS, WARM_UP = 5, 50
MOST_IN_LANGUAGES = 200
REST_SECONDS, AT_REST = 1.0, 0.05
TARGET_RATIO, TARGET_PACE = 0.7, 120
BENCH = Caller("admin", "bench", "bench")


def _people(numbers: range, day: date) -> dict[str, Any]:
    """Each with two projects, six tasks, a note and two meetings today."""
    users = [f"u{n}" for n in numbers]
    projects = [(user, f"{user}-p{p}") for user in users for p in range(2)]
    today = day.isoformat()
    return {
        "users": [{"id": u, "email": f"{u}@example.org", "name": u.title()} for u in users],
        "preferences": [{"userId": u, "isActive": False} for u in users],
        "projects": [{"id": p, "userId": u, "name": f"Project {p}"} for u, p in projects],
        "tasks": [
            {"id": f"{p}-t{t}", "projectId": p, "title": f"Task {t} of {p}", "dueDate": today}
            for _, p in projects
            for t in range(TASKS // 2)
        ],
        "notes": [
            {"id": f"{p}-n", "projectId": p, "title": "A note", "content": "Ask **Ingrid** first."}
            for _, p in projects
        ],
        "events": [
            {
                "id": f"{u}-e{hour}",
                "userId": u,
                "title": f"Meeting at {hour}",
                "startAt": f"{today}T{hour:02}:00:00Z",
                "endAt": f"{today}T{hour + 1:02}:00:00Z",
            }
            for u in users
            for hour in (10, 15)
        ],
    }


async def _fill(box: Box, count: int) -> None:
    now = box.services.clock.now()
    for start in range(0, count, 1000):
        document = _people(range(start, min(start + 1000, count)), now.date())
        await write(box.services.db, read_sync(document), now)
    # Otherwise a start after nine o'clock reminds everybody of the day's tasks meanwhile.
    await box.services.db.write(
        lambda tx: tx.execute(
            """INSERT INTO notification_preferences (user_id, due_soon_minutes, updated_at)
               SELECT id, 0, ? FROM users""",
            (to_text(now),),
        )
    )


async def _until_at_rest() -> None:
    """Wait for what a first start does beside: a backup of the whole database, a cleanup."""
    used = REST_SECONDS
    while used > AT_REST * REST_SECONDS:
        before = time.process_time()
        await asyncio.sleep(REST_SECONDS)
        used = time.process_time() - before


async def _through_the_queue(box: Box, users: list[str]) -> float:
    """Seconds from the first request to the last mail."""
    services = box.services
    began = time.perf_counter()
    await asyncio.gather(
        *(
            queue_brief(
                services,
                BriefRequest(user_id=user),
                idempotent=IdempotentRequest(BENCH, None, user),
                correlation_id=None,
            )
            for user in users
        )
    )
    left = "SELECT 1 FROM queue_jobs WHERE completed_at IS NULL LIMIT 1"
    while await services.db.one(left) is not None:
        await asyncio.sleep(0.02)
    seconds = time.perf_counter() - began
    sent = await services.db.all("SELECT user_id FROM emails WHERE status = 'sent'")
    missing = set(users) - {row["user_id"] for row in sent}
    assert not missing, f"no mail for {len(missing)} of {len(users)} users"
    return seconds


async def _plain_loop(box: Box, users: list[str]) -> float:
    """Seconds for the same texts by the same functions, one person after the other."""
    began = time.perf_counter()
    for user_id in users:
        await _one_brief(box, user_id)
    return time.perf_counter() - began


async def _in_languages(box: Box, users: list[str]) -> float:
    """How many times as many briefs the loop writes in German as in English, by turns."""
    seconds: dict[str, list[float]] = {"en-US": [], "de": []}
    for _ in range(1 + ROUNDS):
        for tag, found in seconds.items():
            await box.services.db.write(
                lambda tx, tag=tag: tx.execute("UPDATE users SET locale = ?", (tag,))  # type: ignore[misc]
            )
            assert _language_of(await _one_brief(box, users[0])) == tag
            found.append(await _plain_loop(box, users))
    # The first round reads the catalogues.
    return statistics.median(seconds["en-US"][1:]) / statistics.median(seconds["de"][1:])


async def _one_brief(box: Box, user_id: str) -> bytes:
    """Read, compose, render and write one person's brief; nothing is stored of it but the mail."""
    services, now = box.services, box.services.clock.now()
    user = await workspace.get_user(services.db, user_id)
    assert user is not None
    facts = await collect(services.db, user, now.date(), "UTC", Selection(None, None), now)
    for project in facts.projects:
        project_section(facts, project)
    links = PageLinks.of(services.settings)
    brief = compose(facts, links)
    as_text(whole(NOTHING_WORDED, facts))
    sms(facts, sender=services.settings.email.from_name, url=links.brief(now.date().isoformat()))
    email_id = services.ids.new("email", now)
    letter = mail_store.Email(
        id=email_id,
        user_id=user_id,
        subject=subject(facts),
        preheader=preheader(facts),
        body_markdown=brief.markdown,
        message_id=message_id(email_id, services.settings.email.from_address),
        tracking=True,
        status=mail_store.QUEUED,
        brief_id="brief-bench",
        brief_date=now.date().isoformat(),
        address=user.email or "",
        tracking_id=services.ids.secret(128),
        task_lines=tuple(
            mail_store.TaskLine(one.line, one.task_id) for one in brief.named if one.place in TICKED
        ),
        created_at=now,
        send_at=now,
        correlation_id="corr-bench",
        locale=facts.language.tag,
    )
    rendered = render(letter, sender_of(services))
    await services.mailer.send(email_id, rendered.recipient, rendered.message)
    return rendered.message


Used = dict[str, float]
"""Processor seconds by kind of thread."""


class Turn(NamedTuple):
    """Seconds through the queue and in the loop for the same people, and what each has used."""

    queued: float
    looped: float
    used: Used
    loop_used: Used

    @property
    def ratio(self) -> float:
        """The queue's pace of the loop's."""
        return self.looped / self.queued


async def _turn(box: Box, users: list[str], profile: EngineProfile | None) -> Turn:
    threads = ThreadTimes()
    queued = await _through_the_queue(box, users)
    used = threads.seconds()
    if profile:
        profile.show(len(users))
    threads = ThreadTimes()
    looped = await _plain_loop(box, users)
    return Turn(queued, looped, used, threads.seconds())


def _starts(options: argparse.Namespace) -> range:
    """Where the people of each turn begin, after those of the warm-up; one turn with a profile."""
    first = min(WARM_UP, max(0, options.users - options.briefs))
    turns = 1 if options.profile else min(TURNS, max(1, (options.users - first) // options.briefs))
    return range(first, first + turns * options.briefs, options.briefs)


def _milliseconds(turns: list[Used], options: argparse.Namespace) -> dict[str, float]:
    briefs = len(turns) * options.briefs
    names = {name for used in turns for name in used}
    sums = {name: 1000 * sum(used.get(name, 0.0) for used in turns) / briefs for name in names}
    return dict(sorted(sums.items(), key=lambda one: -one[1]))


def _language_of(mail: bytes) -> str:
    page = message_from_bytes(mail, policy=policy.default).get_body(("html",))
    assert page is not None
    (tag,) = re.findall(r'<html lang="([^"]+)"', page.get_content())
    return str(tag)


def _part(figures: dict[str, Any]) -> str:
    ratio = results_file.met_or_missed(figures["ratio"] >= TARGET_RATIO)
    ratios = ", ".join(f"{one:.2f}" for one in figures["ratios"])
    pace = results_file.met_or_missed(figures["queue_per_second"] >= TARGET_PACE)
    return f"""# Briefs from request to mail

{"; ".join(describe(peers=False))}.

| {figures["briefs"]:,} briefs, {figures["turns"]} turns | briefs/s | of the loop |
| --- | ---: | ---: |
| through the queue | {figures["queue_per_second"]:.0f} | {figures["ratio"]:.2f} × |
| the same functions in a plain loop | {figures["loop_per_second"]:.0f} | 1 |

Targets: {TARGET_RATIO} of the loop: {ratio}; {TARGET_PACE} briefs/s: {pace}. The load was
{figures["load"]:.1f} on {os.cpu_count()} cores.

In German {figures["german"]:.2f} × the pace in English (target 0.9): {ROUNDS} rounds each.

{figures["users"]:,} users; medians. The ratio of each turn: {ratios}.
The built-in analyst writes, mails go to the outbox; each brief is a job with its stages, one
for its mail, with tracking rows, and one for the inbox; the loop makes the same texts, renders the
same mail and writes the file.
`python -m bench.briefs_bench --write`.
"""


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--briefs", type=int, default=1_000)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        box = await Box.open(Settings(data=DataSettings(dir=folder)))
        try:
            await _fill(box, options.users)
            await box.start()
            await _until_at_rest()
            starts = _starts(options)
            users = [f"u{n}" for n in range(starts.stop)]
            await _through_the_queue(box, users[: starts.start])
            await _plain_loop(box, users[: starts.start])
            profile = EngineProfile(box) if options.profile else None
            turns = [
                await _turn(box, users[start : start + options.briefs], profile) for start in starts
            ]
            german = await _in_languages(box, users[:MOST_IN_LANGUAGES])
        finally:
            await box.close()
        mails = len(list((Path(folder) / "outbox").glob("*.eml")))
    made = starts.start + len(turns) * options.briefs
    in_languages = 2 * (1 + ROUNDS) * (1 + min(starts.stop, MOST_IN_LANGUAGES))
    assert mails == 2 * made + in_languages, f"{mails} files"
    by_thread = _milliseconds([turn.used for turn in turns], options)
    loop_by_thread = _milliseconds([turn.loop_used for turn in turns], options)
    figures = {
        "users": options.users,
        "briefs": options.briefs,
        "turns": len(turns),
        "queue_per_second": options.briefs / statistics.median(turn.queued for turn in turns),
        "loop_per_second": options.briefs / statistics.median(turn.looped for turn in turns),
        "ratio": statistics.median(turn.ratio for turn in turns),
        "ratios": sorted(turn.ratio for turn in turns),
        "german": german,
        "queue_ms_by_thread": by_thread,
        "loop_ms_by_thread": loop_by_thread,
        "load": os.getloadavg()[0],
    }
    print(
        f"{options.users} users, {options.briefs} briefs written and mailed: "
        f"{figures['queue_per_second']:.0f}/s through the queue, "
        f"{figures['loop_per_second']:.0f}/s in a plain loop: {figures['ratio']:.2f} x; "
        f"in German {figures['german']:.2f} x the pace in English"
    )
    for name, used in (("through the queue", by_thread), ("in the loop", loop_by_thread)):
        threads_said = ", ".join(f"{thread} {ms:.2f}" for thread, ms in used.items() if ms >= 0.01)
        print(f"processor ms per brief {name}: {sum(used.values()):.2f} ({threads_said})")
    if options.write:
        results_file.put(results_file.RESULTS, _part(figures))
    tell({"briefs": figures})


if __name__ == "__main__":
    asyncio.run(main())
