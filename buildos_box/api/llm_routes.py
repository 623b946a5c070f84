"""The usage and cost of language models over HTTP (docs/spec.md#llm-calls)."""

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
from litestar import get
from litestar.params import QueryParameter

from buildos_box.auth.scope_guard import NEEDS_SERVICE
from buildos_box.clock import day_bounds, day_from_text
from buildos_box.db import Row
from buildos_box.errors import Unprocessable
from buildos_box.llm import store
from buildos_box.services import Services

UTC_ZONE = ZoneInfo("UTC")
DEFAULT_DAYS = 30
MOST_DAYS = 366


class Spent(msgspec.Struct, kw_only=True, rename="camel"):
    """Calls, valid answers, tokens, US dollars."""

    calls: int = 0
    ok: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float = 0.0

    def add(self, row: Row) -> None:
        """Add one row of the store."""
        self.calls += row["calls"]
        self.ok += row["ok"]
        self.tokens_in += row["tokens_in"]
        self.tokens_out += row["tokens_out"]
        self.cost_usd += row["cost_usd"]


class Part(Spent, kw_only=True, rename="camel"):
    """The usage of one day, user, purpose, or provider and model."""

    name: str | None


class BudgetView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Today's limits (UTC), None for none, and what was spent of them."""

    limit_usd: float | None
    limit_tokens: int | None
    user_limit_usd: float | None
    """The limits of one user."""
    user_limit_tokens: int | None
    spent_usd: float
    spent_tokens: int
    reached: str | None


class Usage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The first and last UTC day, both included."""

    from_day: str = msgspec.field(name="from")
    to_day: str = msgspec.field(name="to")
    total: Spent
    by_day: list[Part]
    by_user: list[Part]
    by_purpose: list[Part]
    by_provider: list[Part]
    budget: BudgetView


@get("/llm/usage", tags=["Language models"], opt=NEEDS_SERVICE)
async def usage(
    services: Services,
    from_day: Annotated[
        str | None,
        QueryParameter(name="from", description="First UTC day; 30 days ago by default."),
    ] = None,
    to_day: Annotated[
        str | None, QueryParameter(name="to", description="Last UTC day; today by default.")
    ] = None,
) -> Usage:
    """The usage of language models per day, user, purpose and provider, and today's budget.

    Raises Forbidden, Unprocessable for an invalid day or span.
    """
    first, last = _days(from_day, to_day, services.clock.now().date())
    rows = await store.usage(
        services.db, day_bounds(first, UTC_ZONE)[0], day_bounds(last, UTC_ZONE)[1]
    )
    total = Spent()
    for row in rows:
        total.add(row)
    return Usage(
        from_day=first.isoformat(),
        to_day=last.isoformat(),
        total=total,
        by_day=_by(rows, lambda row: row["day"]),
        by_user=_by(rows, lambda row: row["user_id"]),
        by_purpose=_by(rows, lambda row: row["purpose"]),
        by_provider=_by(rows, lambda row: f"{row['provider']}:{row['model']}"),
        budget=await _budget(services),
    )


def _days(from_day: str | None, to_day: str | None, today: date) -> tuple[date, date]:
    last = _day("to", to_day) or today
    first = _day("from", from_day) or last - timedelta(days=DEFAULT_DAYS - 1)
    if not timedelta() <= last - first < timedelta(days=MOST_DAYS):
        raise Unprocessable.field(
            "from", f"must be at most {MOST_DAYS} days before `to`, not after"
        )
    return first, last


def _day(field: str, text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return day_from_text(text)
    except ValueError as error:
        raise Unprocessable.field(field, f"{text!r} is not a day") from error


def _by(rows: Iterable[Row], name_of: Callable[[Row], str | None]) -> list[Part]:
    parts: dict[str | None, Part] = {}
    for row in rows:
        name = name_of(row)
        parts.setdefault(name, Part(name=name)).add(row)
    return sorted(parts.values(), key=lambda part: part.name or "")


async def _budget(services: Services) -> BudgetView:
    budget = services.llm.budget
    usd, tokens = await store.spent_since(services.db, store.day_start(services.clock.now()))
    return BudgetView(
        limit_usd=budget.whole.usd,
        limit_tokens=budget.whole.tokens,
        user_limit_usd=budget.user.usd,
        user_limit_tokens=budget.user.tokens,
        spent_usd=usd,
        spent_tokens=tokens,
        reached=await budget.spent(paid=True),
    )


ROUTES: list[Any] = [usage]
