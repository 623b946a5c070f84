"""`buildos-box brief now|show|list`."""

import re
import sys
from datetime import date
from zoneinfo import ZoneInfo

import click
from rich.console import Console

from buildos_box.cli.completion import PROJECTS, USER
from buildos_box.cli.connection import with_client
from buildos_box.cli.find_by_name import Json, Person, find_project, person
from buildos_box.cli.option_value import given
from buildos_box.cli.output import AS_JSON, as_table, clean, say, show_json, show_table, shown_time
from buildos_box.cli.wait_for_job import wait_for
from buildos_box.client import BoxClient, url_path
from buildos_box.clock import local_day
from buildos_box.workspace.written_dates import read_day


@click.group()
def brief() -> None:
    """Daily briefs."""


@brief.command()
@click.option("--day", help="The day; today by default.")
@click.option("--again", is_flag=True, help="Write it again if there is one.")
@click.option(
    "--project", "-p", "project_names", type=PROJECTS, multiple=True, help="Only these projects."
)
@click.option("--wait/--no-wait", default=True, help="Wait for it and show it.")
@USER
@AS_JSON
@with_client
def now(
    client: BoxClient,
    day: str | None,
    again: bool,
    project_names: tuple[str, ...],
    wait: bool,
    user_name: str | None,
    as_json: bool,
) -> None:
    """Write a brief now, with the highest priority, mail it, and show it."""
    owner = person(client, user_name)
    options: Json = {"forceRegenerate": again}
    if day:
        options["briefDate"] = _day("--day", day, owner).isoformat()
    if project_names:
        chosen = [find_project(client, owner, name)["id"] for name in project_names]
        options["options"] = {"includeProjects": chosen}
    queued = client.queue_brief(owner.id, **options)
    if not wait:
        if as_json:
            show_json(queued)
        else:
            say(f"Queued the brief of {queued['briefDate']}: {queued['jobId']}")
        return
    if not queued.get("alreadyCompleted"):
        wait_for(client, queued["jobId"], "The brief")
    _show(client.brief(owner.id, queued["briefDate"]), owner.zone, as_json=as_json)


@brief.command()
@click.argument("day", required=False)
@USER
@AS_JSON
@with_client
def show(client: BoxClient, day: str | None, user_name: str | None, as_json: bool) -> None:
    """Show the brief of a day (today, 2026-11-30); without one, the newest."""
    owner = person(client, user_name)
    wanted = _day("DAY", day, owner).isoformat() if day else _newest(client, owner)
    _show(client.brief(owner.id, wanted), owner.zone, as_json=as_json)


@brief.command(name="list")
@click.option("--limit", type=click.IntRange(1, 100), default=30, show_default=True)
@USER
@as_table
@with_client
def list_briefs(client: BoxClient, limit: int, user_name: str | None, as_json: bool) -> None:
    """A user's briefs, newest day first."""
    owner = person(client, user_name)
    found = client.get(url_path("users", owner.id, "briefs"), limit=limit)["briefs"]
    if as_json:
        show_json(found)
        return
    rows = [
        [
            b["briefDate"],
            b["generationStatus"],
            shown_time(b["generationCompletedAt"], owner.zone),
            b["subject"] or "",
        ]
        for b in found
    ]
    show_table(["day", "status", "written", "subject"], rows, empty="No brief.")


def _day(option: str, text: str, owner: Person) -> date:
    return given(option, lambda: read_day(text, local_day(owner.now, owner.zone)))


def _newest(client: BoxClient, owner: Person) -> str:
    found = client.get(url_path("users", owner.id, "briefs"), limit=1)["briefs"]
    if not found:
        raise click.ClickException(
            f"{owner.name} has no brief yet; request one: buildos-box brief now"
        )
    return str(found[0]["briefDate"])


def _show(brief: Json, zone: ZoneInfo, *, as_json: bool) -> None:
    if as_json:
        show_json(brief)
        return
    if brief["summaryContent"] is None:
        why = f": {brief['generationError']}" if brief["generationError"] else ""
        raise click.ClickException(
            clean(f"the brief of {brief['briefDate']} is {brief['generationStatus']}{why}")
        )
    text = clean(brief["summaryContent"])
    if sys.stdout.isatty():
        from rich.markdown import Markdown

        Console().print(Markdown(text))
    else:
        click.echo(without_addresses(text))
    for line in news_of(brief, zone):
        say(line)


_LINK = re.compile(r"\[((?:\\.|[^\]\\])*)\]\(\S+?\)(?!\))")


def without_addresses(markdown: str) -> str:
    """The Markdown with the words of its links only: plain output has no use for addresses."""
    return _LINK.sub(r"\1", markdown)


CHANGES = {
    "done": ("{} task done", "{} tasks done"),
    "added": ("{} task added", "{} tasks added"),
    "moved": ("{} task moved to another day", "{} tasks moved to another day"),
    "blocked": ("{} task newly blocked", "{} tasks newly blocked"),
}


def news_of(brief: Json, zone: ZoneInfo) -> list[str]:
    """When the brief was written, and what has changed since."""
    written = shown_time(brief["generationCompletedAt"], zone)
    changes = [
        (one if count == 1 else many).format(count)
        for name, (one, many) in CHANGES.items()
        if (count := (brief["changes"] or {}).get(name, 0))
    ]
    if not changes:
        return [f"Written {written}; nothing has changed since."]
    return [f"Written {written}; since then: {', '.join(changes)}."]
