"""Onboarding over HTTP (docs/spec.md#onboarding-request)."""

from typing import Any

import msgspec
from litestar import get, post

from buildos_box.auth.caller import Caller
from buildos_box.auth.idempotency import IdempotentRequest
from buildos_box.auth.scope_guard import LONG_TEXTS
from buildos_box.db import Tx
from buildos_box.errors import NotFound, Unprocessable
from buildos_box.jobs.job_type import JobQueued, RegenerateOptions
from buildos_box.onboarding import store
from buildos_box.onboarding.job import ONBOARDING_ANALYSIS, OnboardingPayload
from buildos_box.onboarding.model import (
    MOST_ITEM_CHARS,
    MOST_ITEMS,
    MOST_NAME_CHARS,
    OnboardingAnalysis,
    UserContext,
    read_context,
)
from buildos_box.services import Services
from buildos_box.workspace import store as workspace
from buildos_box.workspace.model import User


class OnboardingRequest(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The body of `POST /queue/onboarding`."""

    user_id: str
    user_context: Any = None
    """What the user wrote; without it, what is known of their projects and tasks."""
    options: RegenerateOptions = msgspec.field(default_factory=RegenerateOptions)


class OnboardingView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A user's analysis, by `builtin` or by a provider and model."""

    id: str
    user_id: str
    job_id: str
    analysis: OnboardingAnalysis
    source: str
    why_built_in: str | None
    tokens_in: int
    tokens_out: int
    cost_usd: float
    completed_at: str


@post("/queue/onboarding", status_code=200, tags=["Onboarding"], opt=LONG_TEXTS)
async def post_onboarding(
    data: OnboardingRequest,
    services: Services,
    caller: Caller,
    correlation_id: str,
    idempotent: IdempotentRequest,
) -> JobQueued:
    """Queue the onboarding analysis of a user.

    Raises NotFound (another or unknown user), Conflict with `existingJobId` while a job of the user
    is live, Unprocessable (invalid context; an Idempotency-Key of another request), Malformed,
    Unavailable.
    """
    caller.require_user(data.user_id)
    given = read_context(data.user_context) if data.user_context is not None else None

    def queue(tx: Tx) -> JobQueued:
        user = workspace.find_user(tx, data.user_id)
        if user is None:
            raise NotFound(f"there is no user {data.user_id}", code="user_not_found")
        context = given or known_context(tx, user)
        payload = OnboardingPayload(user_id=data.user_id, user_context=context)
        return services.queue.enqueue_alone(
            tx,
            ONBOARDING_ANALYSIS,
            payload,
            user_id=payload.user_id,
            replace=data.options.force_regenerate,
            correlation_id=correlation_id,
            actor=caller.actor,
        )

    return await idempotent.once(services, data.user_id, queue, JobQueued)


@get("/users/{user_id:str}/onboarding", tags=["Onboarding"])
async def get_onboarding(user_id: str, services: Services, caller: Caller) -> OnboardingView:
    """The user's analysis. Raises NotFound."""
    caller.require_user(user_id)
    found = await onboarding_of(services, user_id)
    if found is None:
        raise NotFound(f"there is no onboarding analysis of {user_id}")
    return found


async def onboarding_of(services: Services, user_id: str) -> OnboardingView | None:
    """The user's analysis, as it is shown; None if there is none."""
    row = await store.analysis_of(services.db, user_id)
    if row is None:
        return None
    analysis = msgspec.json.decode(row["result"], type=OnboardingAnalysis)
    plain = {n: row[n] for n in OnboardingView.__struct_fields__ if n != "analysis"}
    return OnboardingView(analysis=analysis, **plain)


ROUTES: list[Any] = [post_onboarding, get_onboarding]


def known_context(tx: Tx, user: User) -> UserContext:
    """The user's projects as text and their tasks as goals.

    Raises Unprocessable (`userContext`) if the user has neither.
    """
    projects, tasks = workspace.active_work(tx, user.id, MOST_ITEMS)
    if not projects and not tasks:
        raise Unprocessable.field(
            "userContext", "is required: nothing is known of this user, who has no project"
        )
    return UserContext(
        name=user.name[:MOST_NAME_CHARS],
        goals=[title[:MOST_ITEM_CHARS] for title in tasks],
        input_projects="\n".join(name[:MOST_ITEM_CHARS] for name in projects) or None,
    )
