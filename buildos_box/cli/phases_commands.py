"""`buildos-box phases now|show`."""

from zoneinfo import ZoneInfo

import click

from buildos_box.cli.completion import PROJECTS, USER
from buildos_box.cli.connection import with_client
from buildos_box.cli.find_by_name import Json, find_project, person
from buildos_box.cli.output import AS_JSON, clean, say, show_json, shown_time
from buildos_box.cli.wait_for_job import wait_for
from buildos_box.client import BoxClient

WHY = {
    "not_configured": "",
    "budget": ", since today's budget for language models is spent",
    "unavailable": ", since no language model gave a usable answer",
    "too_many_tasks": ", since it has too many tasks for a language model",
}


@click.group()
def phases() -> None:
    """The phases of a project."""


@phases.command()
@click.argument("project", type=PROJECTS)
@click.option("--again", is_flag=True, help="Cancel the running job and start again.")
@click.option("--wait/--no-wait", default=True, help="Wait for them and show them.")
@USER
@AS_JSON
@with_client
def now(
    client: BoxClient,
    project: str,
    again: bool,
    wait: bool,
    user_name: str | None,
    as_json: bool,
) -> None:
    """Divide a project, by name or id, into phases, and show them."""
    owner = person(client, user_name)
    found = find_project(client, owner, project)
    options = {"options": {"forceRegenerate": True}} if again else {}
    queued = client.queue_phases(owner.id, found["id"], **options)
    if wait:
        wait_for(client, queued["jobId"], "The plan")
        _show(found, client.phases(found["id"]), owner.zone, as_json=as_json)
    elif as_json:
        show_json(queued)
    else:
        say(f"Queued phases for “{found['name']}”: {queued['jobId']}")


@phases.command()
@click.argument("project", type=PROJECTS)
@USER
@AS_JSON
@with_client
def show(client: BoxClient, project: str, user_name: str | None, as_json: bool) -> None:
    """Show the phases of a project, by name or id."""
    owner = person(client, user_name)
    found = find_project(client, owner, project)
    _show(found, client.phases(found["id"]), owner.zone, as_json=as_json)


def _show(project: Json, made: Json, zone: ZoneInfo, *, as_json: bool) -> None:
    if as_json:
        show_json(made)
        return
    plan = made["plan"]
    if plan is None:
        raise click.ClickException(
            clean(
                f"“{project['name']}” has no phases yet; "
                f"request them: buildos-box phases now {project['id']}"
            )
        )
    for phase in made["phases"]:
        days = " to ".join(day for day in (phase["startDate"], phase["endDate"]) if day)
        say(f"{phase['order']}. {phase['name']}{f'   ({days})' if days else ''}")
        if phase["description"]:
            say(f"   {phase['description']}")
        for task in phase["tasks"]:
            mark = "x" if task["status"] == "done" else " "
            due = f"   due {task['dueDate']}" if task["dueDate"] else ""
            say(f"   [{mark}] {task['title']}{due}")
    for cycle in plan["cycles"]:
        names = ", ".join(f"“{title}”" for title in cycle)
        say(f"These depend on each other, so one has to come first: {names}")
    new = len(made["unplacedTaskIds"])
    if new:
        have = "1 task has" if new == 1 else f"{new} tasks have"
        say(f"{have} come since and {'is' if new == 1 else 'are'} in no phase.")
    by = (
        f"the built-in planner{WHY.get(plan['whyBuiltIn'] or '', '')}"
        if plan["source"] == "builtin"
        else plan["source"]
    )
    say(f"Made {shown_time(plan['generatedAt'], zone)} by {by}.")
