"""Tools for a person's day: the brief, the calendar, notes and reminders."""

from textwrap import shorten
from typing import Annotated, Any

from msgspec import Meta

from buildos_box.mcp.rest import Json, Refused, Rest
from buildos_box.mcp.task_tools import Day, Instant
from buildos_box.mcp.tool import Cursor, ForUser, Limit, Tool, given, rows_of, tool, user_of

_BEGINNING = 300
"""Characters of a note in a list."""


class OneBrief(ForUser, kw_only=True):
    """A day's brief."""

    date: Annotated[Day | None, Meta(description="The day; the newest brief without it")] = None


@tool("Read the brief", OneBrief)
async def get_brief(rest: Rest, asked: OneBrief) -> Json:
    """A person's daily brief as Markdown: what to do first, the day, what is late.

    Without a date it is the newest one; `date` in the result says of which day.
    """
    user = await user_of(rest, asked)
    day = asked.date or await _newest(rest, user)
    brief: Json = await rest.get("users", user, "briefs", day)
    return {
        "date": brief["briefDate"],
        "timezone": brief["timezone"],
        "status": brief["generationStatus"],
        "markdown": brief["summaryContent"],
        "do_first": brief["priorityActions"],
        "written_at": brief["generationCompletedAt"],
    }


async def _newest(rest: Rest, user: str) -> str:
    briefs = (await rest.get("users", user, "briefs", limit=1))["briefs"]
    if not briefs:
        raise Refused("there is no brief yet: write_brief writes one")
    return str(briefs[0]["briefDate"])


class WriteBrief(OneBrief, kw_only=True):
    """A brief to be written."""

    again: Annotated[bool, Meta(description="Write it anew if there is one of that day")] = False


@tool("Write a brief", WriteBrief, changes=True)
async def write_brief(rest: Rest, asked: WriteBrief) -> Any:
    """Have a brief written now. It takes a moment: read it with get_brief."""
    user = await user_of(rest, asked)
    body = {"userId": user, "forceImmediate": True, "forceRegenerate": asked.again}
    if asked.date:
        body["briefDate"] = asked.date
    return await rest.post("queue", "brief", body=body)


class FindEvents(ForUser, kw_only=True):
    """Which events."""

    first_day: Annotated[Day | None, Meta(description="From this day on")] = None
    last_day: Annotated[Day | None, Meta(description="Until this day, included")] = None
    limit: Limit = 50
    cursor: Cursor = None


_EVENT = (
    "id", "title", "allDay", "startAt", "endAt", "startDate", "endDate", "status", "location",
)  # fmt: skip


@tool("List calendar events", FindEvents)
async def list_events(rest: Rest, asked: FindEvents) -> Json:
    """A person's calendar events: by their start on the given days, else the newest entries."""
    user = await user_of(rest, asked)
    days = {"from": asked.first_day, "to": asked.last_day}
    page = await rest.get(
        "users", user, "calendar-events", limit=asked.limit, cursor=asked.cursor, **days
    )
    return rows_of(page, *_EVENT)


class AddEvent(ForUser, kw_only=True):
    """A new event."""

    title: str
    start_at: Instant
    end_at: Instant
    location: str | None = None


@tool("Add a calendar event", AddEvent, changes=True)
async def add_event(rest: Rest, asked: AddEvent) -> Any:
    """Add an event to a person's own calendar."""
    user = await user_of(rest, asked)
    return await rest.post("calendar-events", body={"userId": user, **given(asked, "user")})


class OneEvent(ForUser, kw_only=True):
    """An event by its id."""

    event_id: str


@tool("Delete a calendar event", OneEvent, destructive=True)
async def delete_event(rest: Rest, asked: OneEvent) -> Json:
    """Delete an event for good. Events of a subscribed calendar come back at its next reading."""
    await rest.delete("calendar-events", asked.event_id)
    return {"deleted": asked.event_id}


class FindNotes(ForUser, kw_only=True):
    """Which notes."""

    project_id: str | None = None
    limit: Limit = 10
    cursor: Cursor = None


@tool("List notes", FindNotes)
async def list_notes(rest: Rest, asked: FindNotes) -> Json:
    """A person's notes with how each begins, newest first; get_note has one whole."""
    user = await user_of(rest, asked)
    page = await rest.get(
        "users", user, "notes", project=asked.project_id, limit=asked.limit, cursor=asked.cursor
    )
    rows = rows_of(page, "id", "projectId", "title", "content", "updatedAt")
    for note in rows["items"]:
        note["content"] = shorten(note["content"], _BEGINNING, placeholder=" …")
    return rows


class OneNote(ForUser, kw_only=True):
    """A note by its id."""

    note_id: str


@tool("Read a note", OneNote)
async def get_note(rest: Rest, asked: OneNote) -> Any:
    """One note whole."""
    return await rest.get("notes", asked.note_id)


class AddNote(ForUser, kw_only=True):
    """A new note."""

    project_id: str
    title: str
    content: Annotated[str, Meta(description="Markdown")]


@tool("Add a note", AddNote, changes=True)
async def add_note(rest: Rest, asked: AddNote) -> Any:
    """Add a note to a project."""
    return await rest.post("notes", body=given(asked, "user"))


class RemindMe(ForUser, kw_only=True):
    """A reminder."""

    message: str
    at: Instant


@tool("Set a reminder", RemindMe, changes=True)
async def remind_me(rest: Rest, asked: RemindMe) -> Any:
    """Send a person a text message at a time; needs their confirmed telephone number."""
    user = await user_of(rest, asked)
    body = {"userId": user, "message": asked.message, "scheduledFor": asked.at}
    return await rest.post("queue", "sms", body=body)


TOOLS: tuple[Tool, ...] = (
    get_brief,
    write_brief,
    list_events,
    add_event,
    delete_event,
    list_notes,
    get_note,
    add_note,
    remind_me,
)
