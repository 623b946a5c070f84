"""`buildos-box event add|list|remove`."""

from datetime import date, datetime, timedelta

import click

from buildos_box.cli.completion import EVENTS, USER
from buildos_box.cli.connection import with_client
from buildos_box.cli.find_by_name import NEW_ID, Json, Person, by_id, choose, given_values, person
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
from buildos_box.clock import Instant, from_text, local_day, to_text
from buildos_box.workspace.written_dates import read_day, read_due, read_length, read_moment

ONE_DAY = timedelta(days=1)


@click.group()
def event() -> None:
    """Calendar events."""


@event.command()
@click.argument("title")
@click.option("--at", required=True, help="'tomorrow 14:00', or a day for an all-day event.")
@click.option("--until", help="Its end: '15:00', 'friday 15:00'; for all-day events the last day.")
@click.option("--for", "length", help="Its duration instead of its end: 45m, 1h30m.")
@click.option("--where", "location", help="The place.")
@click.option("--tentative", is_flag=True, help="Not confirmed yet.")
@NEW_ID
@USER
@AS_JSON
@with_client
def add(
    client: BoxClient,
    title: str,
    at: str,
    until: str | None,
    length: str | None,
    location: str | None,
    tentative: bool,
    key: str | None,
    user_name: str | None,
    as_json: bool,
) -> None:
    """Add an event to the calendar."""
    if until and length:
        raise click.UsageError("give --until or --for, not both")
    owner = person(client, user_name)
    body: Json = {
        "id": key,
        "userId": owner.id,
        "title": title,
        "location": location,
        "status": "tentative" if tentative else "confirmed",
        **_times(at, until, length, owner),
    }
    made = client.post("/calendar-events", given_values(**body))
    if as_json:
        show_json(made)
    else:
        say(f"Made event “{made['title']}” ({made['id']}), {_shown(made, owner)}")


@event.command(name="list")
@click.option("--all", "everything", is_flag=True, help="Also past events.")
@click.option("--days", type=click.IntRange(1, 366), help="Only so many days from today.")
@USER
@as_table
@with_client
def list_events(
    client: BoxClient, everything: bool, days: int | None, user_name: str | None, as_json: bool
) -> None:
    """A user's events from now on, soonest first."""
    owner = person(client, user_name)
    path = url_path("users", owner.id, "calendar-events")
    events = client.items(path, limit=200)
    found = sorted(
        (
            event
            for event in events
            if (everything or not _is_over(event, owner))
            and (days is None or _start(event, owner)[:10] < _day_after(days, owner))
        ),
        key=lambda event: (_start(event, owner), event["title"]),
    )
    if as_json:
        show_json(found)
        return
    rows = [[e["id"], _shown(e, owner), e["title"], e["location"] or "", _state(e)] for e in found]
    show_table(["id", "when", "title", "where", "status"], rows, empty="No event.")


@event.command()
@click.argument("name", type=EVENTS)
@YES
@USER
@with_client
def remove(client: BoxClient, name: str, yes: bool, user_name: str | None) -> None:
    """Delete an event, by id or title."""
    found = by_id(client, "calendar-events", name)
    if found is None:
        path = url_path("users", person(client, user_name).id, "calendar-events")
        events = client.items(path, limit=200)
        found = choose(name, events, "event", lambda event: (event["title"],))
    ask_first(f"Delete “{found['title']}”?", yes)
    client.delete(url_path("calendar-events", found["id"]))
    say(f"Deleted event “{found['title']}”")


def _times(at: str, until: str | None, length: str | None, owner: Person) -> Json:
    start = given("--at", lambda: read_due(at, owner.zone, owner.now))
    if isinstance(start, datetime):
        end = _end(start, until, length, owner)
        return {"startAt": to_text(start), "endAt": to_text(end) if end else None}
    if length:
        raise click.BadParameter("needs a time in --at", param_hint="--for")
    last = start
    if until:
        last = given("--until", lambda: read_day(until, local_day(owner.now, owner.zone)))
    # The API takes the first day after an all-day event, people give its last day.
    after = given("--until", lambda: last + ONE_DAY)
    return {"allDay": True, "startDate": start.isoformat(), "endDate": after.isoformat()}


def _end(start: Instant, until: str | None, length: str | None, owner: Person) -> Instant | None:
    if length:
        return given("--for", lambda: start + read_length(length))
    if until:
        day = local_day(start, owner.zone)
        return given("--until", lambda: read_moment(until, owner.zone, owner.now, day=day))
    return None


def _last_day(event: Json) -> date:
    first = date.fromisoformat(event["startDate"])
    return max(first, date.fromisoformat(event["endDate"]) - ONE_DAY) if event["endDate"] else first


def _is_over(event: Json, owner: Person) -> bool:
    if event["allDay"]:
        return _last_day(event) < local_day(owner.now, owner.zone)
    return from_text(event["endAt"] or event["startAt"]) < owner.now


def _start(event: Json, owner: Person) -> str:
    return str(event["startDate"] or shown_time(event["startAt"], owner.zone))


def _day_after(days: int, owner: Person) -> str:
    return (local_day(owner.now, owner.zone) + timedelta(days=days)).isoformat()


def _shown(event: Json, owner: Person) -> str:
    start = _start(event, owner)
    if event["allDay"]:
        last = _last_day(event).isoformat()
        return start if last == start else f"{start} to {last}"
    end = shown_time(event["endAt"], owner.zone)
    if end[:10] == start[:10]:
        return f"{start}–{end[11:]}"
    return f"{start} to {end}" if end else start


def _state(event: Json) -> str:
    return "declined" if event["declined"] else str(event["status"])
