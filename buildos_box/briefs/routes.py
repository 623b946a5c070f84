"""Briefs over HTTP: requesting and reading them (docs/spec.md#brief-on-demand)."""

from datetime import date
from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.params import Parameter

from buildos_box.auth.caller import Caller
from buildos_box.auth.idempotency import IdempotentRequest
from buildos_box.briefs import store
from buildos_box.briefs.queueing import Answer, BriefRequest, queue_brief
from buildos_box.clock import day_from_text, to_text
from buildos_box.db import Row
from buildos_box.errors import NotFound, Unprocessable
from buildos_box.services import Services


class BriefQueued(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The response to `POST /queue/brief`."""

    success: bool
    job_id: str | None
    scheduled_for: str
    brief_date: str
    correlation_id: str
    """Of the job."""
    notification_scheduled_for: str | None
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
            notification_scheduled_for=(
                to_text(answer.notification_at) if answer.notification_at else None
            ),
            deduplicated=answer.deduplicated,
            already_completed=answer.already_completed,
        )


class SectionView(msgspec.Struct, frozen=True, rename="camel"):
    """One project's section of a brief."""

    project_id: str
    title: str
    content: str


class BriefView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A brief. `summary_content` is its Markdown; None until it was completed once.

    `why_built_in` is `not_configured`, `budget` or `unavailable` if no language model wrote the
    analysis.
    """

    id: str
    user_id: str
    brief_date: str
    timezone: str
    generation_status: str
    job_id: str
    generations: int
    subject: str | None
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

    @classmethod
    def of(cls, row: Row, sections: list[Row] | None = None) -> "BriefView":
        """The view of one row, with its sections if they were read."""
        json_columns = ("priority_actions", "counts")
        plain: dict[str, Any] = {
            name: row[name]
            for name in cls.__struct_fields__
            if name not in (*json_columns, "projects")
        }
        parsed: dict[str, Any] = {
            name: msgspec.json.decode(row[name]) if row[name] else None for name in json_columns
        }
        views = [SectionView(s["project_id"], s["title"], s["content"]) for s in sections or ()]
        return cls(**plain, **parsed, projects=None if sections is None else views)


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
    Unavailable.
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
async def get_brief(user_id: str, brief_date: str, services: Services, caller: Caller) -> BriefView:
    """The brief of one day with its sections. Raises NotFound, Unprocessable (not a day)."""
    caller.require_user(user_id)
    row = await store.brief_of(services.db, user_id, _day(brief_date, "briefDate"))
    if row is None:
        raise NotFound(f"there is no brief of {brief_date}")
    return BriefView.of(row, await store.sections_of(services.db, row["id"]))


def _day(text: str, field: str) -> date:
    try:
        return day_from_text(text)
    except ValueError as fault:
        raise Unprocessable.field(field, str(fault)) from None


ROUTES: list[Any] = [post_brief, list_briefs, get_brief]
