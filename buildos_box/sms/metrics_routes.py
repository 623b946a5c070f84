"""The daily SMS metrics over HTTP (docs/spec.md#sms-health)."""

from datetime import timedelta
from typing import Annotated

import msgspec
from litestar import get
from litestar.params import Parameter

from buildos_box.auth.scope_guard import NEEDS_SERVICE
from buildos_box.services import Services
from buildos_box.sms import store

SKIPPED = "skipped:"
Days = Annotated[int, Parameter(ge=1, le=366)]


class Cost(msgspec.Struct, frozen=True):
    """The cost of a day's messages as far as Twilio has reported it: currency and amount."""

    unit: str
    amount: str


class DayMetrics(msgspec.Struct, kw_only=True, rename="camel"):
    """One UTC day; `delivery_rate` counts messages with an outcome, and is None without any."""

    day: str
    scheduled: int = 0
    sent: int = 0
    delivered: int = 0
    failed: int = 0
    segments: int = 0
    skipped: dict[str, int] = msgspec.field(default_factory=dict)
    cost: list[Cost] = msgspec.field(default_factory=list)
    delivery_rate: float | None = None


class SmsMetrics(msgspec.Struct, frozen=True):
    """The days with any message, newest first."""

    days: list[DayMetrics]


@get("/sms/metrics", tags=["SMS"], opt=NEEDS_SERVICE)
async def get_metrics(services: Services, days: Days = 30) -> SmsMetrics:
    """Scheduled, sent, delivered and failed messages, skips by reason, segments and cost per day.

    Raises Forbidden.
    """
    since = services.clock.now().date() - timedelta(days=days - 1)
    found: dict[str, DayMetrics] = {}
    for row in await store.metrics(services.db, since):
        day = found.setdefault(row["day"], DayMetrics(day=row["day"]))
        name, count = str(row["name"]), int(row["count"])
        if name.startswith(SKIPPED):
            day.skipped[name.removeprefix(SKIPPED)] = count
        elif name in store.COUNTED:
            setattr(day, name, count)
    for row in await store.costs(services.db, since):
        day = found.setdefault(row["day"], DayMetrics(day=row["day"]))
        day.cost.append(Cost(row["unit"], f"{row['micros'] / 1_000_000:.6f}"))
    for day in found.values():
        ended = day.delivered + day.failed
        day.delivery_rate = round(day.delivered / ended, 4) if ended else None
    return SmsMetrics(sorted(found.values(), key=lambda day: day.day, reverse=True))


ROUTES = [get_metrics]
