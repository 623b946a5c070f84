"""The past of the queue and of language models over HTTP (docs/spec.md#queue-history)."""

from collections import defaultdict
from datetime import timedelta
from typing import Annotated, Any, Literal

import msgspec
from litestar import get
from litestar.params import QueryParameter

from buildos_box.auth.scope_guard import NEEDS_SERVICE
from buildos_box.clock import Instant, from_text
from buildos_box.errors import Unprocessable
from buildos_box.jobs.history import By, History, Span, history
from buildos_box.llm import history_store
from buildos_box.services import Services

DEFAULT_SPAN = timedelta(hours=1)
From = Annotated[
    str | None, QueryParameter(name="from", description="First instant; an hour ago by default.")
]
To = Annotated[str | None, QueryParameter(name="to", description="Last instant; now by default.")]
Step = Annotated[
    int, QueryParameter(name="step", description="Seconds of a step: a multiple of 60.", ge=60)
]
LlmBy = Literal["all", "purpose", "model"]


class LlmSeries(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Calls, calls that failed, tokens and US dollars of each step, oldest first."""

    name: str
    calls: list[int]
    failed: list[int]
    tokens: list[int]
    cost_usd: list[float]


class LlmHistory(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Steps of `step` seconds from `from` (included) to `to`, and a series for each name."""

    from_: str = msgspec.field(name="from")
    to: str
    step: int
    by: LlmBy
    series: list[LlmSeries]


@get("/queue/history", tags=["Queue"], opt=NEEDS_SERVICE)
async def queue_history(
    services: Services, first: From = None, last: To = None, step: Step = 60, by: By = "all"
) -> History:
    """How many jobs ended in each step, how long they waited and ran: in all, or by type, lane or
    user (the 20 with the most jobs; whole days).

    Raises Forbidden, Unprocessable (instants, too many steps).
    """
    return await history(services.db, _span(first, last, step, services.clock.now()), by)


@get("/llm/history", tags=["Language models"], opt=NEEDS_SERVICE)
async def llm_history(
    services: Services, first: From = None, last: To = None, step: Step = 60, by: LlmBy = "all"
) -> LlmHistory:
    """What language models were asked and cost in each step: in all, or by purpose or model.

    Raises Forbidden, Unprocessable (instants, too many steps).
    """
    span = _span(first, last, step, services.clock.now())
    level = next(level for level in history_store.LEVELS if step % level == 0)
    found: dict[str, list[list[float]]] = defaultdict(lambda: [[0] * span.count for _ in range(4)])
    for row in await history_store.between(services.db, level, step, span.first, span.end):
        columns = found["all" if by == "all" else row[by]]
        for column, name in zip(columns, ("calls", "failed", "tokens", "cost_usd"), strict=True):
            column[row["number"]] += row[name]
    return LlmHistory(
        from_=span.from_text,
        to=span.to_text,
        step=step,
        by=by,
        series=[
            LlmSeries(
                name=name,
                calls=[int(value) for value in calls],
                failed=[int(value) for value in failed],
                tokens=[int(value) for value in tokens],
                cost_usd=[float(value) for value in cost],
            )
            for name, (calls, failed, tokens, cost) in sorted(found.items())
        ],
    )


def _span(first: str | None, last: str | None, step: int, now: Instant) -> Span:
    end = _instant("to", last) or now
    return Span.between(_instant("from", first) or end - DEFAULT_SPAN, end, step)


def _instant(field: str, text: str | None) -> Instant | None:
    try:
        return None if text is None else from_text(text)
    except ValueError as fault:
        raise Unprocessable.field(field, str(fault)) from None


ROUTES: list[Any] = [queue_history, llm_history]
