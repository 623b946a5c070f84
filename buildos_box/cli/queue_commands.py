"""`buildos-box queue stats|lanes|pause|resume|cleanup`."""

from collections import Counter
from zoneinfo import ZoneInfo

import click

from buildos_box.cli.completion import LANES, STATES, TYPES
from buildos_box.cli.connection import with_client
from buildos_box.cli.find_by_name import Json, given_values
from buildos_box.cli.output import (
    AS_JSON,
    YES,
    as_table,
    ask_first,
    say,
    show_json,
    show_table,
    shown_second,
)
from buildos_box.client import BoxClient
from buildos_box.plural import plural

UTC = ZoneInfo("UTC")
HEADS = ("due", "later", "running", "retry", "done", "failed", "cancelled")
LANE = click.option("--lane", type=LANES, help="Only this lane.")
TYPE = click.option("--type", "job_type", type=TYPES, help="Only jobs of this type.")


@click.group()
def queue() -> None:
    """The queue as a whole."""


@queue.command()
@as_table
@with_client
def stats(client: BoxClient, as_json: bool) -> None:
    """How many jobs of each type are in each state."""
    counts = client.get("/queue/stats")["stats"]
    if as_json:
        show_json(counts)
        return
    by_type: dict[str, Counter[str]] = {}
    for row in counts:
        found = by_type.setdefault(row["job_type"], Counter())
        found[row["status"]] += row["count"] - row["scheduled"]
        found["scheduled"] += row["scheduled"]
    rows = [[name, *(str(found[state]) for state in STATES)] for name, found in by_type.items()]
    show_table(["type", *HEADS], rows, empty="No job.")


@queue.command()
@as_table
@with_client
def lanes(client: BoxClient, as_json: bool) -> None:
    """Every lane with its load, and what is paused."""
    found = client.get("/queue/lanes")
    if as_json:
        show_json(found)
        return
    rows = [
        [
            lane["name"],
            f"{lane['running']}/{lane['concurrency']}",
            str(lane["waiting"]),
            shown_second(lane["oldestDue"], UTC),
            str(lane["scheduled"]),
            str(lane["inRetry"]),
            f"{round(lane['endedPerMinute'], 2):g}",
            _clear(lane),
            "paused" if lane["paused"] else "",
        ]
        for lane in found["lanes"]
    ]
    heads = ["lane", "running", "due", "since (UTC)", "later", "retry", "per minute", "clear in"]
    show_table([*heads, "state"], rows, empty="No lane.")
    for pause in found["pauses"]:
        since = shown_second(pause["since"], UTC)
        say(f"paused: {_named(pause)} since {since} (UTC) by {pause['actor']}")


@queue.command()
@LANE
@TYPE
@AS_JSON
@with_client
def pause(client: BoxClient, lane: str | None, job_type: str | None, as_json: bool) -> None:
    """Start no more jobs of a lane, of a type, or at all. Running jobs go on."""
    _switch(client, "pause", lane, job_type, as_json)


@queue.command()
@LANE
@TYPE
@AS_JSON
@with_client
def resume(client: BoxClient, lane: str | None, job_type: str | None, as_json: bool) -> None:
    """Resume a lane, a type, or all. A pause of another kind stays, and is named."""
    _switch(client, "resume", lane, job_type, as_json)


@queue.command()
@click.option("--stale-hours", type=float, help="Unfinished for longer: cancelled. Default 24.")
@click.option("--failed-days", type=float, help="Failed longer ago: archived. Default 7.")
@click.option("--completed-days", type=float, help="Finished longer ago: deleted. Default 30.")
@click.option("--dry-run", is_flag=True, help="Only count them.")
@YES
@AS_JSON
@with_client
def cleanup(
    client: BoxClient,
    stale_hours: float | None,
    failed_days: float | None,
    completed_days: float | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Cancel stale jobs, archive old failed ones, delete old finished ones. Shows the numbers first
    and asks.
    """
    ages = {
        "staleThresholdHours": stale_hours,
        "oldFailedJobsDays": failed_days,
        "completedRetentionDays": completed_days,
    }
    body: Json = given_values(**ages)
    counted = client.post("/queue/cleanup", {**body, "dryRun": True})
    if dry_run:
        _tell(counted, f"Would {_what(counted)}", as_json)
        return
    ask_first(f"{_what(counted).capitalize()}?", yes)
    done = client.post("/queue/cleanup", body)
    _tell(done, f"Done: {_what(done)}", as_json)


def _switch(
    client: BoxClient, verb: str, lane: str | None, job_type: str | None, as_json: bool
) -> None:
    if lane is not None:
        known = [found["name"] for found in client.get("/queue/lanes")["lanes"]]
        if lane not in known:
            raise click.BadParameter(
                f"there is no lane {lane!r}; known lanes: {', '.join(known)}", param_hint="--lane"
            )
    named = {"lane": lane, "type": job_type}
    body = given_values(**named)
    answer = client.post(f"/queue/{verb}", body)
    if as_json:
        show_json(answer)
        return
    what = f"lane {lane}" if lane else f"type {job_type}" if job_type else "all jobs"
    state = "paused" if verb == "pause" else "not paused"
    say(f"{what}: {state}{'' if answer['changed'] else ', as before'}")
    if verb == "resume":
        _tell_still_paused(client)


def _tell_still_paused(client: BoxClient) -> None:
    """Each pause that is in force, with the command that ends it."""
    for pause in client.get("/queue/lanes")["pauses"]:
        option = "" if pause["kind"] == "all" else f" --{pause['kind']} {pause['name']}"
        say(f"still paused: {_named(pause)} (buildos-box queue resume{option})")


def _clear(lane: Json) -> str:
    """How long what is due will take, if that is known."""
    seconds = lane["clearInSeconds"]
    if not lane["waiting"]:
        return ""
    return "unknown" if seconds is None else f"about {max(1, round(seconds / 60))} min"


def _named(pause: Json) -> str:
    return "all jobs" if pause["kind"] == "all" else f"{pause['kind']} {pause['name']}"


def _what(report: Json) -> str:
    return (
        f"cancel {plural(report['staleCancelled'], 'stale job')}, "
        f"archive {plural(report['oldFailedCancelled'], 'old failed job')} and "
        f"delete {plural(report['completedDeleted'], 'old finished job')}"
    )


def _tell(report: Json, sentence: str, as_json: bool) -> None:
    if as_json:
        show_json(report)
    else:
        say(sentence)
