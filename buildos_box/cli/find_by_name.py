"""Finding users, projects and other items by name, since the API needs ids."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import click

from buildos_box.cli.output import clean
from buildos_box.client import BoxClient, BoxRefused, url_path
from buildos_box.clock import Instant, SystemClock, zone_or_utc
from buildos_box.ids import is_outside_id

Json = dict[str, Any]
NAMED_AT_MOST = 10
NEW_ID = click.option("--id", "key", help="An id of your own; otherwise one is made.")


@dataclass(frozen=True, slots=True)
class Person:
    """The user that a command is about."""

    id: str
    name: str
    zone: ZoneInfo
    now: Instant
    """The time at which the command was given."""


def person(client: BoxClient, name: str | None) -> Person:
    """The user of that id, mail address or name; without one, the only user."""
    found = find_user(client, name) if name else _only_user(client)
    return Person(
        id=found["id"],
        name=found["name"] or found["email"] or found["id"],
        zone=zone_or_utc(found["timezone"]),
        now=SystemClock().now(),
    )


def given_values(**values: Any) -> Json:
    """Those that were given; the API has defaults for the others."""
    return {name: value for name, value in values.items() if value is not None}


def find_user(client: BoxClient, name: str) -> Json:
    """The user of that id, mail address or name; with a user's token, by that user's id only."""
    found = by_id(client, "users", name)
    if found is not None:
        return found
    try:
        users = list(client.items("/users", limit=200))
    except BoxRefused as error:
        if error.status != 403:
            raise
        users = []
    return choose(name, users, "user", lambda user: (user["name"], user["email"]))


def _only_user(client: BoxClient) -> Json:
    try:
        users: list[Json] = client.get("/users", limit=NAMED_AT_MOST + 1)["items"]
    except BoxRefused as error:
        if error.status != 403:
            raise
        raise click.ClickException(
            "this token belongs to one user; name them with --user ID"
        ) from None
    if not users:
        raise click.ClickException(
            "there is no user yet; add one: buildos-box user add NAME --email ADDRESS"
        )
    if len(users) > 1:
        raise click.ClickException(f"name the user with --user:{_candidates(users)}")
    return users[0]


def find_project(client: BoxClient, owner: Person, name: str) -> Json:
    """The user's project of that id or name."""
    projects = client.items(url_path("users", owner.id, "projects"), limit=200)
    return choose(name, projects, "project", lambda project: (project["name"],))


def project_names(client: BoxClient, owner: Person) -> dict[str, str]:
    """The name of each of the user's projects, by its id."""
    projects = client.items(url_path("users", owner.id, "projects"), limit=200)
    return {project["id"]: project["name"] for project in projects}


def project_or_inbox(client: BoxClient, owner: Person, name: str | None) -> Json | None:
    """The project for a new task; without a name, the user's only active one.

    None if there is none or several: then the server puts it into the Inbox.
    """
    if name:
        return find_project(client, owner, name)
    active = _active_projects(client, owner)
    return active[0] if len(active) == 1 else None


def _active_projects(client: BoxClient, owner: Person) -> list[Json]:
    path = url_path("users", owner.id, "projects")
    return list(client.items(path, status="active", limit=200))


def project_for_new(client: BoxClient, owner: Person, name: str | None) -> Json:
    """The project for a new item; without a name, the user's only active one."""
    if name:
        return find_project(client, owner, name)
    active = _active_projects(client, owner)
    if len(active) == 1:
        return active[0]
    if not active:
        raise click.ClickException(
            f"{owner.name} has no active project; add one: buildos-box project add NAME"
        )
    raise click.ClickException(f"name the project with --project:{_candidates(active)}")


def by_id(client: BoxClient, kind: str, key: str) -> Json | None:
    """The item of that id; None if there is none."""
    if not is_outside_id(key) or not key.strip("."):
        return None
    try:
        found: Json = client.get(url_path(kind, key))
    except BoxRefused as error:
        if error.status != 404:
            raise
        return None
    return found


def choose(
    name: str, things: Iterable[Json], noun: str, names: Callable[[Json], tuple[str | None, ...]]
) -> Json:
    """The one item of that id or name, or the only one whose name starts with it."""
    wanted = name.casefold().strip()
    whole: list[Json] = []
    start: list[Json] = []
    for thing in things:
        if thing["id"] == name:
            return thing
        known = [text.casefold() for text in names(thing) if text]
        if wanted in known:
            whole.append(thing)
        elif wanted and any(text.startswith(wanted) for text in known):
            start.append(thing)
    found = whole or start
    if not found:
        raise click.ClickException(f"there is no {noun} {name!r}")
    if len(found) > 1:
        raise click.ClickException(f"{name!r} matches several; give the id:{_candidates(found)}")
    return found[0]


def _candidates(things: list[Json]) -> str:
    lines = [f"\n  {thing['id']}  {label(thing)}" for thing in things[:NAMED_AT_MOST]]
    more = len(things) - NAMED_AT_MOST
    return "".join(lines) + ("\n  and more" if more > 0 else "")


def label(thing: Json) -> str:
    """The name that is shown for an item."""
    names = (thing.get(key) for key in ("title", "name", "subject", "email"))
    return clean(str(next(filter(None, names), "")))
