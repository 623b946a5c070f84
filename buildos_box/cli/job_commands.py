"""`buildos-box job list|show|cancel|retry|promote|why`; `bulk` is in a module of its own."""

import json
from itertools import islice
from zoneinfo import ZoneInfo

import click

from buildos_box.cli.bulk_command import bulk
from buildos_box.cli.completion import JOBS, STATE_LIST, TYPE_LIST, USERS
from buildos_box.cli.connection import with_client
from buildos_box.cli.find_by_name import Json, find_user
from buildos_box.cli.output import (
    AS_JSON,
    as_table,
    say,
    show_facts,
    show_json,
    show_table,
    shown_second,
    with_short_times,
)
from buildos_box.client import BoxClient, url_path

UTC = ZoneInfo("UTC")
PAGE = 100
LONGEST_REASON = 60


@click.group()
def job() -> None:
    """Jobs of the queue. Times are in UTC."""


@job.command(name="list")
@click.option("--status", type=STATE_LIST, help="Only these states: failed,cancelled.")
@click.option("--type", "job_type", type=TYPE_LIST, help="Only these types, separated by commas.")
@click.option(
    "--user", "-u", "user_name", type=USERS, help="Only this user: id, mail address or name."
)
@click.option("--text", help="With this text in its id, data or error.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@as_table
@with_client
def list_jobs(
    client: BoxClient,
    status: str | None,
    job_type: str | None,
    user_name: str | None,
    text: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Jobs, newest first."""
    jobs = client.items(
        "/jobs",
        "jobs",
        status=status,
        type=job_type,
        user=find_user(client, user_name)["id"] if user_name else None,
        text=text,
        limit=min(limit, PAGE),
    )
    found = list(islice(jobs, limit))
    if as_json:
        show_json(found)
        return
    rows = [
        [
            j["id"],
            j["job_type"],
            j["status"],
            _tries(j, "/"),
            shown_second(j["scheduled_for"], UTC),
            j["user_id"] or "",
            _short(j["error"] or j["cancel_reason"] or ""),
        ]
        for j in found
    ]
    heads = ["id", "type", "status", "tries", "due (UTC)", "user", "reason"]
    show_table(heads, rows, empty="No job.")


@job.command()
@click.argument("job_id", type=JOBS)
@as_table
@with_client
def show(client: BoxClient, job_id: str, as_json: bool) -> None:
    """One job, with why it is in its state, its attempts and its audit trail."""
    found = client.job(job_id)
    why = client.get(url_path("jobs", job_id, "why"))["why"]
    attempts = client.get(url_path("jobs", job_id, "attempts"))["attempts"]
    events = client.get(url_path("jobs", job_id, "events"))["events"]
    if as_json:
        show_json({**found, "why": why, "attempts_made": attempts, "events": events})
        return
    say(f"{found['id']}: {with_short_times(why, UTC)}\n")
    show_facts(_facts(found))
    if attempts:
        say("")
        rows = [_attempt(attempt) for attempt in attempts]
        show_table(["try", "started (UTC)", "ended", "outcome", "error"], rows, empty="")
    say("")
    rows = [
        [
            shown_second(event["at"], UTC),
            f"{event['from_status'] or '–'} → {event['to_status']}",
            event["reason"],
            event["actor"],
        ]
        for event in events
    ]
    show_table(["at (UTC)", "change", "reason", "by"], rows, empty="It has no audit trail.")


@job.command()
@click.argument("job_id", type=JOBS)
@AS_JSON
@with_client
def cancel(client: BoxClient, job_id: str, as_json: bool) -> None:
    """Cancel a live job; a running one is stopped."""
    _steer(client, job_id, "cancel", as_json=as_json)


@job.command()
@click.argument("job_id", type=JOBS)
@AS_JSON
@with_client
def retry(client: BoxClient, job_id: str, as_json: bool) -> None:
    """Run a failed or cancelled job again, now."""
    _steer(client, job_id, "retry", as_json=as_json)


@job.command()
@click.argument("job_id", type=JOBS)
@AS_JSON
@with_client
def promote(client: BoxClient, job_id: str, as_json: bool) -> None:
    """Make a waiting job due now, with the highest priority."""
    _steer(client, job_id, "promote", as_json=as_json)


@job.command()
@click.argument("job_id", type=JOBS)
@AS_JSON
@with_client
def why(client: BoxClient, job_id: str, as_json: bool) -> None:
    """Explain why a job is in its state, and what happens next."""
    found = client.get(url_path("jobs", job_id, "why"))
    if as_json:
        show_json(found)
    else:
        say(with_short_times(found["why"], UTC))


def _steer(client: BoxClient, job_id: str, verb: str, *, as_json: bool) -> None:
    changed = client.post(url_path("jobs", job_id, verb))
    if as_json:
        show_json(changed)
    else:
        say(f"{changed['id']} is {changed['status'].replace('_', ' ')}")


def _tries(job: Json, of: str) -> str:
    """How many; of how many unless their time is what is bounded."""
    bound = "" if job.get("retry_until") else f"{of}{job['max_attempts']}"
    return f"{job['attempts']}{bound}"


def _facts(job: Json) -> list[tuple[str, object]]:
    progress = job["progress"]
    return [
        ("type", job["job_type"]),
        ("status", job["status"]),
        ("lane", job["lane"]),
        ("user", job["user_id"]),
        ("priority", job["priority"]),
        ("tries", _tries(job, " of ")),
        ("retried until", shown_second(job.get("retry_until"), UTC)),
        ("due", shown_second(job["scheduled_for"], UTC)),
        ("made", shown_second(job["created_at"], UTC)),
        ("started", shown_second(job["started_at"], UTC)),
        ("ended", shown_second(job["completed_at"], UTC)),
        ("progress", f"{progress['current']} %, {progress['message']}" if progress else None),
        ("error", job["error"]),
        ("cancelled", job["cancel_reason"]),
        ("data", _as_text(job["metadata"])),
        ("result", _as_text(job["result"])),
        ("correlation", job["correlation_id"]),
    ]


def _attempt(attempt: Json) -> list[str]:
    return [
        str(attempt["number"]),
        shown_second(attempt["started_at"], UTC),
        shown_second(attempt["ended_at"], UTC),
        attempt["outcome"],
        _short(attempt["error"] or ""),
    ]


def _as_text(value: object) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_REASON else f"{line[: LONGEST_REASON - 1]}…"


job.add_command(bulk)
