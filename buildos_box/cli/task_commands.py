"""`buildos-box task add|list|set|done|reopen|delete`."""

from datetime import datetime

import click

from buildos_box.cli.completion import PROJECTS, TASKS, USER
from buildos_box.cli.connection import with_client
from buildos_box.cli.find_by_name import (
    NEW_ID,
    Json,
    Person,
    by_id,
    choose,
    find_project,
    given_values,
    person,
    project_names,
    project_or_inbox,
)
from buildos_box.cli.option_value import given
from buildos_box.cli.output import (
    AS_JSON,
    YES,
    as_table,
    ask_first,
    say,
    show_json,
    show_table,
    shown_time,
)
from buildos_box.client import BoxClient, url_path
from buildos_box.clock import from_text, local_day, to_text
from buildos_box.workspace.written_dates import read_due

PRIORITIES = ("urgent", "high", "medium", "low")
STATES = ("todo", "in_progress", "blocked", "done")
LATEST = "9999"
"""Sorts after every day, so that tasks without a due date come last."""


@click.group()
def task() -> None:
    """Tasks."""


@task.command()
@click.argument("title")
@click.option("--due", help="friday, 2026-11-30, 'tomorrow 14:00', in 3 days.")
@click.option("--project", "-p", "project_name", type=PROJECTS, help="A project's name or id.")
@click.option("--priority", type=click.Choice(PRIORITIES), help="Medium by default.")
@click.option("--status", type=click.Choice(STATES), help="To do by default.")
@click.option("--description", help="Its description.")
@NEW_ID
@USER
@AS_JSON
@with_client
def add(
    client: BoxClient,
    title: str,
    due: str | None,
    project_name: str | None,
    key: str | None,
    user_name: str | None,
    as_json: bool,
    **fields: str | None,
) -> None:
    """Add a task: buildos-box task add "Pay rent" --due friday --project Home."""
    owner = person(client, user_name)
    when = _due(due, owner)
    project = project_or_inbox(client, owner, project_name)
    project_id = project and project["id"]
    body: Json = {"title": title, "id": key, "projectId": project_id, **when, **fields}
    made = client.post(url_path("users", owner.id, "tasks"), given_values(**body))
    if as_json:
        show_json(made)
        return
    at = shown_due(made, owner)
    due_words = f", due {at}" if at else ""
    where = project["name"] if project else "Inbox"
    say(f"Made task “{made['title']}” ({made['id']}) in {where}{due_words}")


@task.command(name="set")
@click.argument("name", type=TASKS)
@click.option("--title", help="Its new title.")
@click.option("--due", help="friday, 'tomorrow 14:00', in 3 days; 'none' takes it away.")
@click.option(
    "--project", "-p", "project_name", type=PROJECTS, help="Move it to this project, by name or id."
)
@click.option("--priority", type=click.Choice(PRIORITIES), help="Its new priority.")
@click.option("--status", type=click.Choice(STATES), help="Its new state.")
@click.option("--description", help="Its new description.")
@USER
@AS_JSON
@with_client
def change(
    client: BoxClient,
    name: str,
    due: str | None,
    project_name: str | None,
    user_name: str | None,
    as_json: bool,
    **fields: str | None,
) -> None:
    """Change a task: buildos-box task set "Pay rent" --due monday --priority high."""
    found = _find(client, name, user_name, status=None)
    body = given_values(**fields)
    if due is not None or project_name is not None:
        owner = person(client, user_name)
        body |= {"dueDate": None, "dueAt": None} if due == "none" else _due(due, owner)
        if project_name is not None:
            body["projectId"] = find_project(client, owner, project_name)["id"]
    if not body:
        raise click.UsageError("say what to change, for example --due friday")
    changed = client.patch(url_path("tasks", found["id"]), body)
    if as_json:
        show_json(changed)
    else:
        say(f"Changed “{changed['title']}”")


@task.command(name="list")
@click.option(
    "--project", "-p", "project_name", type=PROJECTS, help="Only this project, by name or id."
)
@click.option(
    "--status", type=click.Choice(("open", *STATES, "all")), default="open", show_default=True
)
@USER
@as_table
@with_client
def list_tasks(
    client: BoxClient,
    project_name: str | None,
    status: str,
    user_name: str | None,
    as_json: bool,
) -> None:
    """A user's tasks, those due first at the top."""
    owner = person(client, user_name)
    project = find_project(client, owner, project_name) if project_name else None
    tasks = client.items(
        url_path("users", owner.id, "tasks"),
        project=project and project["id"],
        status=None if status == "all" else status,
        limit=200,
    )
    found = sorted(tasks, key=lambda task: _urgency(task, owner))
    if as_json:
        show_json(found)
        return
    names = project_names(client, owner)
    rows = [
        [
            t["id"],
            shown_due(t, owner),
            t["priority"],
            t["status"],
            t["title"],
            names[t["projectId"]],
        ]
        for t in found
    ]
    show_table(["id", "due", "priority", "status", "title", "project"], rows, empty="No task.")


@task.command()
@click.argument("name", type=TASKS)
@USER
@AS_JSON
@with_client
def done(client: BoxClient, name: str, user_name: str | None, as_json: bool) -> None:
    """Mark a task as done, by id, title, or the beginning of the title."""
    found = _find(client, name, user_name, status="open")
    changed = client.post(url_path("tasks", found["id"], "done"))
    if as_json:
        show_json(changed)
    else:
        say(f"Done: “{changed['title']}”")


@task.command()
@click.argument("name", type=TASKS)
@USER
@AS_JSON
@with_client
def reopen(client: BoxClient, name: str, user_name: str | None, as_json: bool) -> None:
    """Open a task that is done, by id, title, or the beginning of the title."""
    found = _find(client, name, user_name, status="done")
    changed = client.patch(url_path("tasks", found["id"]), {"status": "todo"})
    if as_json:
        show_json(changed)
    else:
        say(f"Open again: “{changed['title']}”")


@task.command()
@click.argument("name", type=TASKS)
@YES
@USER
@with_client
def delete(client: BoxClient, name: str, yes: bool, user_name: str | None) -> None:
    """Delete a task, by id or title."""
    found = _find(client, name, user_name, status=None)
    ask_first(f"Delete “{found['title']}”?", yes)
    client.delete(url_path("tasks", found["id"]))
    say(f"Deleted task “{found['title']}”")


def _find(client: BoxClient, name: str, user_name: str | None, *, status: str | None) -> Json:
    found = by_id(client, "tasks", name)
    if found is not None:
        return found
    owner = person(client, user_name)
    tasks = client.items(url_path("users", owner.id, "tasks"), status=status, limit=200)
    noun = f"{status} task" if status else "task"
    return choose(name, tasks, noun, lambda task: (task["title"],))


def _due(text: str | None, owner: Person) -> Json:
    if text is None:
        return {}
    found = given("--due", lambda: read_due(text, owner.zone, owner.now))
    if isinstance(found, datetime):
        return {"dueAt": to_text(found)}
    return {"dueDate": found.isoformat()}


def shown_due(task: Json, owner: Person) -> str:
    """When the task is due, in its user's zone."""
    return str(task["dueDate"] or shown_time(task["dueAt"], owner.zone))


def _urgency(task: Json, owner: Person) -> tuple[str, str, int, str]:
    at = task["dueAt"]
    day = local_day(from_text(at), owner.zone).isoformat() if at else task["dueDate"]
    return day or LATEST, at or LATEST, PRIORITIES.index(task["priority"]), task["title"]


task.add_command(delete, "remove")  # as it is called for projects, notes and events
