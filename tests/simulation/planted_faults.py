"""Faults to be planted in a copy of the product: the oracle must see each of them."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Planted:
    """A fault: `old` becomes `new` in `file`; the run that must see it, and as what."""

    name: str
    edits: tuple[tuple[str, str, str], ...]
    seen_as: tuple[str, ...]
    arguments: tuple[str, ...] = field(default=())


PLANTED = [
    Planted(
        "day boundary by UTC",
        (
            (
                "briefs/planning.py",
                "local_day(due.notify_at, person.zone)\n    options",
                'local_day(due.notify_at, zone_or_utc("UTC"))\n    options',
            ),
        ),
        ("every brief comes", "a brief comes at its time"),
        ("--faults", "0", "--days", "4", "--people", "36"),
    ),
    Planted(
        "lease check dropped",
        (
            (
                "jobs/lease_store.py",
                "(:every OR lease_expires_at <= :now)",
                "(:every OR lease_expires_at <= '9' OR :now)",
            ),
        ),
        ("what runs is not run again",),
        ("--people", "24", "--seed", "4"),
    ),
    Planted(
        "intent not committed before the effect",
        (
            (
                "jobs/external_effects.py",
                "before = await context.db.write("
                "lambda tx: _intend(tx, context, job, key, kind, on_intent))",
                "before = None",
            ),
            (
                "jobs/external_effects.py",
                "    outcome = provider_id\n",
                "    outcome = provider_id\n"
                "    await context.db.write(\n"
                "        lambda tx: _intend(tx, context, job, key, kind, on_intent)\n"
                "    )\n",
            ),
        ),
        ("a reminder is sent once", "a mail leaves once", "a message is sent once"),
        ("--faults", "16", "--deeds", "3", "--people", "24"),
    ),
    Planted(
        "quiet hours not wrapping midnight",
        (
            (
                "quiet_hours.py",
                "return wall >= self.start or wall < self.end",
                "return self.start <= wall < self.end",
            ),
        ),
        ("no SMS in quiet hours",),
        ("--faults", "1"),
    ),
    Planted(
        "retry counted twice",
        (
            (
                "jobs/transitions.py",
                "attempts = attempts - :uncount,",
                "attempts = attempts - :uncount + (:status = 'queued_for_retry'),",
            ),
        ),
        ("attempts are counted once",),
        ("--people", "24"),
    ),
    Planted(
        "dedup index dropped",
        (
            (
                "db/migrations/0003_queue.sql",
                "CREATE UNIQUE INDEX queue_jobs_live_key",
                "CREATE INDEX queue_jobs_live_key",
            ),
            (
                "jobs/job_store.py",
                '"SELECT * FROM queue_jobs WHERE dedup_key = ? AND completed_at IS NULL"',
                '"SELECT * FROM queue_jobs WHERE dedup_key = ? AND 1 = 0"',
            ),
        ),
        ("one brief, one mail", "one live job a key"),
        ("--people", "24", "--deeds", "3"),
    ),
    Planted(
        "catch-up without a limit",
        (
            (
                "briefs/schedule.py",
                "if notify_at < now - lookback:",
                "if notify_at < now - 300 * lookback:",
            ),
        ),
        ("a brief comes at its time", "no brief of a past day"),
        ("--faults", "16", "--people", "24"),
    ),
    Planted(
        "late callback overwriting",
        (
            (
                "sms/delivery_status.py",
                'store.RANK[status] <= store.RANK.get(row["status"], 3)',
                "store.RANK[status] < 0",
            ),
        ),
        ("a late callback changes nothing",),
        ("--faults", "1", "--deeds", "3"),
    ),
    Planted(
        "event moved but not its job",
        (
            (
                "sms/listeners.py",
                "    if replan_changed(tx, services, change.event) == store.SCHEDULED and",
                "    if isinstance(change, EventSaved)"
                " and replan_changed(tx, services, change.event) and",
            ),
            ("sms/send_job.py", 'raise _NotSent("event_moved")', "pass"),
        ),
        ("a reminder is true", "every reminder comes", "a reminder is sent once"),
        ("--faults", "1", "--deeds", "3"),
    ),
    Planted(
        "restore re-sending",
        (
            (
                "upkeep/cancel_after_restore.py",
                "return tells and from_text(",
                "return False and from_text(",
            ),
            (
                "db/epoch_store.py",
                'return from_text(row["at"]) if row is not None and row["at"] else None',
                "return None",
            ),
        ),
        ("one brief, one mail", "a reminder is sent once", "a mail leaves once"),
        ("--restore-every", "1", "--people", "24", "--faults", "0.5", "--seed", "2"),
    ),
    Planted(
        "repeated request done again",
        (("auth/idempotency.py", "if self.key is None:", "if True:"),),
        ("one brief, one mail",),
        ("--faults", "60", "--deeds", "10", "--thoughts", "0", "--people", "24", "--seed", "7"),
    ),
    Planted(
        "snooze counting an attempt",
        (("jobs/transitions.py", "        uncount=True,", "        uncount=False,"),),
        ("attempts are counted once",),
        ("--deeds", "4"),
    ),
    Planted(
        "mail is tried a number of times",
        (
            (
                "mail/job.py",
                "RETRY = RetryPolicy(retry_for=timedelta(days=1), "
                "longest_delay=timedelta(minutes=15))",
                "RETRY = RetryPolicy()",
            ),
        ),
        ("every brief comes",),
        ("--people", "24"),
    ),
    Planted(
        "SMS are tried once",
        (
            (
                "sms/send_job.py",
                "retry=RetryPolicy(retry_for=timedelta(days=1), "
                "longest_delay=timedelta(minutes=2)),",
                "retry=RetryPolicy(),",
            ),
            ("sms/send_job.py", "max_attempts=5,", "max_attempts=1,"),
        ),
        ("every reminder comes",),
        ("--seed", "2", "--faults", "6", "--deeds", "6", "--people", "24"),
    ),
    Planted(
        "undelivered SMS are told to nobody",
        (
            (
                "notifications/listeners.py",
                "    Listener(SmsUndelivered, on_sms_undelivered),\n",
                "",
            ),
        ),
        ("what is not delivered is told",),
        ("--faults", "16", "--deeds", "6", "--people", "24"),
    ),
    Planted(
        "wrong DST fold",
        (
            (
                "clock.py",
                "        return (naive - before).replace(tzinfo=UTC)\n",
                "        return (naive - after).replace(tzinfo=UTC)\n",
            ),
        ),
        ("a brief comes at its time", "every brief comes", "every reminder comes"),
        ("--faults", "0", "--days", "9", "--seed", "6", "--people", "24"),
    ),
    Planted(
        "briefs of nothing are mailed",
        (
            (
                "briefs/empty.py",
                "return NOTHING_TO_TELL if empty and not wanted else None",
                "return None",
            ),
        ),
        ("a brief of nothing is not sent", "a brief comes at its time"),
        ("--faults", "0", "--people", "1", "--guests", "3"),
    ),
    Planted(
        "brief outlives its cancelled job",
        (("briefs/listeners.py", "    Listener(JobCancelled, on_job_cancelled),\n", ""),),
        ("a brief follows its job",),
        ("--days", "6", "--deeds", "8", "--faults", "1"),
    ),
    Planted(
        "only plain JSON is read",
        (("llm/answer_schema.py", "in values_in(body):", "in ():"),),
        ("a model's good answer is taken",),
        ("--days", "3", "--people", "24"),
    ),
]


def copy_with(planted: Planted, target: Path) -> Path:
    """A copy of the product with the fault in it. Raises if the code to change is not there."""
    shutil.copytree(ROOT / "buildos_box", target / "buildos_box")
    for name, old, new in planted.edits:
        file = target / "buildos_box" / name
        text = file.read_text("utf-8")
        if text.count(old) != 1:
            raise ValueError(f"{planted.name}: {name} has {text.count(old)} times {old!r}")
        file.write_text(text.replace(old, new), "utf-8")
    tests = target / "tests"
    tests.mkdir()
    (tests / "__init__.py").touch()
    shutil.copytree(ROOT / "tests" / "simulation", tests / "simulation")
    return target


def run(target: Path, *arguments: str, **variables: str) -> tuple[int, str]:
    """The simulation over the product in `target`: its exit code and what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.simulation", *arguments],
        cwd=target,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPATH": str(target), **variables},
        capture_output=True,
        text=True,
        timeout=580,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr[-2000:]
