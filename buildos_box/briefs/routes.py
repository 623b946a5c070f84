"""Briefs over HTTP: requesting and reading them (docs/spec.md#brief-on-demand)."""

from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from litestar import get, post
from litestar.params import Parameter, QueryParameter

from buildos_box.auth.caller import Caller
from buildos_box.auth.idempotency import IdempotentRequest
from buildos_box.briefs import store
from buildos_box.briefs.compose import everything
from buildos_box.briefs.draft import NamedTask
from buildos_box.briefs.queueing import Answer, BriefRequest, queue_brief
from buildos_box.clock import day_from_text, from_text, to_text
from buildos_box.db import Row
from buildos_box.errors import NotFound, Unprocessable
from buildos_box.services import Services
from buildos_box.workspace import store as workspace
from buildos_box.workspace.languages import get_language

View = Annotated[
    Literal["brief", "full"],
    QueryParameter(name="view", description="`full` adds everything as one text"),
]


class BriefQueued(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The response to `POST /queue/brief`."""

    success: bool
    job_id: str | None
    scheduled_for: str
    brief_date: str
    correlation_id: str
    """Of the job."""
    notify_at: str | None = msgspec.field(name="notificationScheduledFor")
    """When its mail goes; null if none does."""
    deduplicated: bool = False
    already_completed: bool = False

    @classmethod
    def of(cls, answer: Answer) -> "BriefQueued":
        """The view of an answer."""
        return cls(
            success=True,
            job_id=answer.job_id,
            scheduled_for=to_text(answer.scheduled_for),
            brief_date=answer.day.isoformat(),
            correlation_id=answer.correlation_id,
            notify_at=to_text(answer.notify_at) if answer.notify_at else None,
            deduplicated=answer.deduplicated,
            already_completed=answer.already_completed,
        )


class SectionView(msgspec.Struct, frozen=True, rename="camel"):
    """One project's section of a brief."""

    project_id: str
    title: str
    content: str


class NamedTaskView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A task that a brief names, and how it stands now.

    `line` is the line of `summary_content` that names it, counted from zero. `place` is `do_first`,
    `today`, `late` or `coming_up` for a task with a line of its own; `mentioned` for one in the
    line of another or among what was added; `done` for one that had been done before.
    """

    task_id: str
    line: int
    place: str
    title: str
    status: str
    completed_at: str | None


class Changes(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How many tasks were done, added, moved and blocked since a brief was written."""

    done: int
    added: int
    moved: int
    blocked: int


class BriefView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A brief. `summary_content` is its Markdown; None until it was completed once.

    `why_built_in` is `not_configured`, `budget` or `unavailable` if no language model worded it.
    The list of briefs leaves out `named_tasks`, `changes` (since it was written) and `projects`;
    `full_content` is there only for `view=full`.
    """

    id: str
    user_id: str
    brief_date: str
    timezone: str
    generation_status: str
    job_id: str
    generations: int
    subject: str | None
    preheader: str | None
    """The preview line of its mail."""
    summary_content: str | None
    llm_analysis: str | None
    analysis_source: str | None
    why_built_in: str | None
    priority_actions: Any
    counts: Any
    tokens_in: int
    tokens_out: int
    cost_usd: float
    generation_started_at: str
    generation_completed_at: str | None
    generation_error: str | None
    projects: list[SectionView] | None = None
    named_tasks: list[NamedTaskView] | None = None
    changes: Changes | None = None
    full_content: str | None = None
    """`summary_content` and all that is known of each project, as Markdown."""

    @classmethod
    def of(cls, row: Row, sections: list[Row] | None = None) -> "BriefView":
        """The view of one row, with its sections if they were read."""
        json_columns = ("priority_actions", "counts")
        plain: dict[str, Any] = {
            name: row[name]
            for name in cls.__struct_fields__
            if name not in (*json_columns, *READ_APART)
        }
        parsed: dict[str, Any] = {
            name: msgspec.json.decode(row[name]) if row[name] else None for name in json_columns
        }
        views = [SectionView(s["project_id"], s["title"], s["content"]) for s in sections or ()]
        return cls(**plain, **parsed, projects=None if sections is None else views)


READ_APART = ("projects", "named_tasks", "changes", "full_content")


class BriefList(msgspec.Struct, frozen=True, rename="camel"):
    """A page of briefs, newest day first."""

    briefs: list[BriefView]
    next_cursor: str | None = None


@post("/queue/brief", status_code=200, tags=["Briefs"])
async def post_brief(
    data: BriefRequest,
    services: Services,
    caller: Caller,
    correlation_id: str,
    idempotent: IdempotentRequest,
) -> BriefQueued:
    """Queue a brief for one user.

    Raises NotFound (another or unknown user), Unprocessable, Conflict, Malformed (Idempotency-Key),
    Unavailable, RateLimited (the day's briefs are used up), StorageError.
    """
    caller.require_user(data.user_id)
    answer = await queue_brief(services, data, idempotent=idempotent, correlation_id=correlation_id)
    return BriefQueued.of(answer)


@get("/users/{user_id:str}/briefs", tags=["Briefs"])
async def list_briefs(
    user_id: str,
    services: Services,
    caller: Caller,
    cursor: str | None = None,
    limit: Annotated[int, Parameter(ge=1, le=100)] = 30,
) -> BriefList:
    """A user's briefs, newest day first.

    Raises NotFound for another user, Unprocessable (cursor).
    """
    caller.require_user(user_id)
    before = None if cursor is None else _day(cursor, "cursor").isoformat()
    rows = await store.briefs_before(services.db, user_id, before, limit)
    more = rows[-1]["brief_date"] if len(rows) == limit else None
    return BriefList([BriefView.of(row) for row in rows], more)


@get("/users/{user_id:str}/briefs/{brief_date:str}", tags=["Briefs"])
async def get_brief(
    user_id: str, brief_date: str, services: Services, caller: Caller, view: View = "brief"
) -> BriefView:
    """The brief of one day with its sections, its tasks as they stand now, and what changed since.

    With `view=full` also the whole inventory as one text.

    Raises NotFound, Unprocessable (not a day).
    """
    caller.require_user(user_id)
    row = await store.brief_of(services.db, user_id, _day(brief_date, "briefDate"))
    if row is None:
        raise NotFound(f"there is no brief of {brief_date}")
    found = await whole_view(services, row)
    if view == "full" and found.summary_content is not None:
        texts = [section.content for section in found.projects or ()]
        language = await get_language(services, user_id)
        text = everything(found.summary_content, texts, language)
        return msgspec.structs.replace(found, full_content=text)
    return found


async def whole_view(services: Services, row: Row) -> BriefView:
    """A brief with its sections, its tasks as they stand now, and what changed since."""
    found = BriefView.of(row, await store.sections_of(services.db, row["id"]))
    changes = None
    if row["generation_completed_at"] is not None:
        since = from_text(row["generation_completed_at"])
        counted = await workspace.count_changes(services.db, row["user_id"], since)
        changes = Changes(**{name: counted[name] for name in Changes.__struct_fields__})
    return msgspec.structs.replace(
        found, named_tasks=await _named_tasks(services, row), changes=changes
    )


async def _named_tasks(services: Services, row: Row) -> list[NamedTaskView]:
    """The tasks that the brief names, in its order; one that was deleted is left out."""
    named = msgspec.json.decode(row["named_tasks"] or b"[]", type=list[NamedTask])
    states = await workspace.states_of(services.db, row["user_id"], [one.task_id for one in named])
    return [
        NamedTaskView(
            task_id=one.task_id,
            line=one.line,
            place=one.place,
            title=states[one.task_id]["title"],
            status=states[one.task_id]["status"],
            completed_at=states[one.task_id]["completed_at"],
        )
        for one in named
        if one.task_id in states
    ]


def _day(text: str, field: str) -> date:
    try:
        return day_from_text(text)
    except ValueError as fault:
        raise Unprocessable.field(field, str(fault)) from None


ROUTES: list[Any] = [post_brief, list_briefs, get_brief]
