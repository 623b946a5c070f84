"""Briefs per second, end to end, and where the time goes.

`python -m bench.briefs_bench` fills a box with 10,000 users, queues a brief for some of them as the
API does, and lets the real engine write them with the built-in analyst and mail them to the
outbox. Then the same people's briefs are made by the same functions called in a plain loop: read,
compose, render, write the file; no jobs, no stages, no tracking rows. The ratio is what a durable
queue costs. `--profile` adds where the engine's threads spent their time; `--write` keeps the
figures in `bench/RESULTS.md`.
"""

import argparse
import asyncio
import cProfile
import pstats
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import Any

from bench import results_file
from bench.machine import describe
from bench.measure import tell
from buildos_box.app import Box
from buildos_box.auth.caller import Caller
from buildos_box.auth.idempotency import IdempotentRequest
from buildos_box.briefs.collect import Selection, collect
from buildos_box.briefs.compose import compose
from buildos_box.briefs.headline import subject
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
    sent = await services.db.one("SELECT count(*) AS n FROM emails WHERE status = 'sent'")
    assert sent is not None
    assert sent["n"] == len(users), f"{sent['n']} mails for {len(users)} users"
    return seconds


async def _plain_loop(box: Box, users: list[str]) -> float:
    services = box.services
    began = time.perf_counter()
    for user_id in users:
        now = services.clock.now()
        user = await workspace.get_user(services.db, user_id)
        assert user is not None
        facts = await collect(services.db, user, now.date(), "UTC", Selection(None, None), now)
        brief = compose(facts, PageLinks.of(services.settings))
        email_id = services.ids.new("email", now)
        letter = mail_store.Email(
            id=email_id,
            user_id=user_id,
            subject=subject(facts),
            body_markdown=brief.markdown,
            message_id=message_id(email_id, services.settings.email.from_address),
            tracking=True,
            status=mail_store.QUEUED,
            brief_id=None,
            address=user.email or "",
            tracking_id=services.ids.secret(128),
            created_at=now,
            send_at=now,
            correlation_id="corr-bench",
        )
        rendered = render(letter, sender_of(services))
        await services.mailer.send(email_id, rendered.recipient, rendered.message)
    return time.perf_counter() - began


def _profiled(box: Box) -> dict[str, cProfile.Profile]:
    """Profile the two threads that do the work: the jobs loop and the database's writer."""
    profiles = {"jobs loop": cProfile.Profile(), "writer": cProfile.Profile()}
    loop = box.engine._loop
    loop.call_soon_threadsafe(profiles["jobs loop"].enable)
    box.services.db.submit(lambda _tx: profiles["writer"].enable()).result()
    return profiles


def _show(box: Box, profiles: dict[str, cProfile.Profile]) -> None:
    box.engine._loop.call_soon_threadsafe(profiles["jobs loop"].disable)
    box.services.db.submit(lambda _tx: profiles["writer"].disable()).result()
    for name, profile in profiles.items():
        print(f"\n{name}:")
        pstats.Stats(profile).sort_stats("tottime").print_stats(14)


def _part(figures: dict[str, Any]) -> str:
    return f"""# Briefs from request to mail

{"; ".join(describe(peers=False))}.

| {figures["briefs"]:,} of {figures["users"]:,} users | briefs/s | of the loop |
| --- | ---: | ---: |
| through the queue | {figures["queue_per_second"]:.0f} | {figures["ratio"]:.2f} × |
| the same functions in a plain loop | {figures["loop_per_second"]:.0f} | 1 |

The built-in analyst writes, mails go to the outbox; each brief is a job with its stages and one
more for its mail, with tracking rows; the loop reads, composes, renders and writes the file.
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
            users = [f"u{n}" for n in range(options.briefs)]
            await box.start()
            profiles = _profiled(box) if options.profile else {}
            queued = await _through_the_queue(box, users)
            if profiles:
                _show(box, profiles)
            looped = await _plain_loop(box, users)
        finally:
            await box.close()
        mails = len(list((Path(folder) / "outbox").glob("*.eml")))
    assert mails == 2 * options.briefs, f"{mails} files"
    figures = {
        "users": options.users,
        "briefs": options.briefs,
        "queue_per_second": options.briefs / queued,
        "loop_per_second": options.briefs / looped,
        "ratio": looped / queued,
    }
    print(
        f"{options.users} users, {options.briefs} briefs written and mailed: "
        f"{figures['queue_per_second']:.0f}/s through the queue, "
        f"{figures['loop_per_second']:.0f}/s in a plain loop: {figures['ratio']:.2f} x"
    )
    if options.write:
        results_file.put(results_file.RESULTS, _part(figures))
    tell({"briefs": figures})


if __name__ == "__main__":
    asyncio.run(main())
