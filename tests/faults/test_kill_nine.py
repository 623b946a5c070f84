"""kill -9 at any instant loses no job and completes none twice (docs/spec.md#kill-nine)."""

import os
import random
import time
from collections import Counter
from pathlib import Path

import httpx

from tests.faults.box_process import BoxProcess, people, until
from tests.faults.user_jobs import BRIEF_JOBS, live, with_a_task

BRIEFS = int(os.environ.get("FAULT_BRIEFS", "40"))
KILLS = int(os.environ.get("FAULT_KILLS", "8"))
SEED = int(os.environ.get("FAULT_SEED", "0")) or random.SystemRandom().randrange(1, 2**31)
CONFIG = "[queue]\nretry_backoff_base_ms = 10\n"
FINISH_SECONDS = 60.0 + BRIEFS


def test_kill_nine_at_random_moments_completes_every_brief_and_mail_exactly_once(
    tmp_path: Path,
) -> None:
    chance = random.Random(SEED)
    print(f"FAULT_SEED={SEED} FAULT_BRIEFS={BRIEFS} FAULT_KILLS={KILLS}")
    waiting = [person["id"] for person in people(BRIEFS)]
    told: dict[str, str] = {}
    with BoxProcess(tmp_path, config=CONFIG) as box:
        box.post("/sync", with_a_task(*waiting))
        for _ in range(KILLS):
            with box.killed_after(chance.uniform(0, 0.15)):
                _ask(box, waiting, told, at_most=max(2, 2 * BRIEFS // KILLS))
            _assert_sound(box, told)
            if chance.random() < 0.25:
                _kill_while_it_starts(box, chance.uniform(0.1, 1.5))
                _assert_sound(box, told)
            box.start()
        _ask(box, waiting, told, at_most=BRIEFS)
        finished = until(lambda: live(box) == 0, seconds=FINISH_SECONDS, every=0.1)
        assert finished, live(box)
        assert box.stop() == 0
        assert box.integrity() == "ok"
        assert waiting == []
        assert set(told) <= _stored_jobs(box)
        _assert_each_brief_once(box, told)
        _assert_each_mail_once(box)
        _assert_each_told_once(box, told)
        _assert_history_adds_up(box)


def _kill_while_it_starts(box: BoxProcess, seconds: float) -> None:
    box.launch()
    time.sleep(seconds)
    box.kill()


def _assert_sound(box: BoxProcess, told: dict[str, str]) -> None:
    """The file is whole, and all that was acknowledged is in it."""
    assert box.integrity() == "ok"
    assert box.foreign_faults() == []
    assert set(told) <= _stored_jobs(box)


def _ask(box: BoxProcess, waiting: list[str], told: dict[str, str], *, at_most: int) -> None:
    """Queue briefs; who has not been told that it is queued asks again."""
    for _ in range(min(at_most, len(waiting))):
        try:
            job = box.post("/queue/brief", {"userId": waiting[-1]})
        except httpx.TransportError:
            return
        told[job["jobId"]] = waiting.pop()


def _stored_jobs(box: BoxProcess) -> set[str]:
    return {row[0] for row in box.rows("SELECT queue_job_id FROM queue_jobs")}


def _assert_each_brief_once(box: BoxProcess, told: dict[str, str]) -> None:
    briefs = box.rows("SELECT * FROM daily_briefs")
    assert Counter(row["user_id"] for row in briefs) == Counter(told.values())
    assert {row["generation_status"] for row in briefs} == {"completed"}
    assert {row["generations"] for row in briefs} == {1}
    news = box.rows("SELECT user_id FROM realtime_events WHERE type = 'brief.completed'")
    assert Counter(row["user_id"] for row in news) == Counter(told.values())


def _assert_each_mail_once(box: BoxProcess) -> None:
    emails = box.rows("SELECT * FROM emails")
    assert {row["status"] for row in emails} == {"sent"}
    assert len({row["user_id"] for row in emails}) == len(emails) == BRIEFS
    written = [mail.name for mail in box.mails() if not mail.name.startswith(".")]
    assert sorted(written) == sorted(f"{row['id']}.eml" for row in emails)


def _assert_each_told_once(box: BoxProcess, told: dict[str, str]) -> None:
    inbox = box.rows("SELECT user_id FROM notifications WHERE in_inbox = 1")
    assert Counter(row["user_id"] for row in inbox) == Counter(told.values())
    news = box.rows("SELECT user_id FROM realtime_events WHERE type = 'notification.created'")
    assert Counter(row["user_id"] for row in news) == Counter(told.values())


def _assert_history_adds_up(box: BoxProcess) -> None:
    jobs = box.rows("SELECT * FROM queue_jobs")
    assert {row["status"] for row in jobs} == {"completed"}, [
        (row["queue_job_id"], row["status"], row["error"]) for row in jobs
    ]
    assert sum(row["job_type"] in BRIEF_JOBS for row in jobs) == 2 * BRIEFS
    completions = box.rows("SELECT job_id FROM job_events WHERE to_status = 'completed'")
    assert Counter(row["job_id"] for row in completions) == Counter(row["id"] for row in jobs)
    attempts = box.rows("SELECT job_id, outcome FROM job_attempts")
    assert Counter(a["job_id"] for a in attempts if a["outcome"] == "completed") == Counter(
        row["id"] for row in jobs
    )
    lost = sum(a["outcome"] == "lost" for a in attempts)
    print(f"{lost} attempts were killed and made good")
    assert {a["outcome"] for a in attempts} <= {"completed", "lost"}
