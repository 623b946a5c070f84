"""The queue's last hour: how many jobs of each type ended, and how long they took."""

import statistics
from datetime import timedelta

import msgspec

from buildos_box.clock import Instant, from_text, to_text
from buildos_box.db import Database
from buildos_box.jobs import job_query_store, throughput_store

SLOTS = 12
SLOT = timedelta(minutes=5)


class TypeThroughput(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One job type: completed and failed jobs per slot, oldest first; median duration in ms.

    `failing_since` is when the first one failed since the last one that was done: None unless the
    newest have all failed.
    """

    job_type: str
    done: list[int]
    failed: list[int]
    p50_ms: int | None
    failing_since: str | None


class Throughput(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Job types with jobs that ended in the last hour; slots of `slotMinutes` end at `until`."""

    until: str
    slot_minutes: int
    types: list[TypeThroughput]
    oldest_ready: str | None


async def throughput(db: Database, types: list[str], now: Instant) -> Throughput:
    """The throughput of the hour before `now`."""
    since = _whole_minute(now) - SLOTS * SLOT + timedelta(minutes=1)
    slots: dict[str, dict[str, list[int]]] = {}
    for row in await throughput_store.ended_by_minute(db, types, since):
        at = from_text(f"{row['minute']}:00Z")
        number = int((at - since) / SLOT)
        if 0 <= number < SLOTS:
            found = slots.setdefault(
                row["job_type"], {"completed": [0] * SLOTS, "failed": [0] * SLOTS}
            )
            found[row["status"]][number] += row["count"]
    return Throughput(
        until=to_text(now),
        slot_minutes=int(SLOT.total_seconds() // 60),
        types=[
            TypeThroughput(
                job_type=name,
                done=found["completed"],
                failed=found["failed"],
                p50_ms=await _median_ms(db, name, since),
                failing_since=await throughput_store.failing_since(db, name)
                if any(found["failed"])
                else None,
            )
            for name, found in sorted(slots.items())
        ],
        oldest_ready=await job_query_store.oldest_ready(db),
    )


async def _median_ms(db: Database, job_type: str, since: Instant) -> int | None:
    spans = [
        (from_text(row["completed_at"]) - from_text(row["started_at"])).total_seconds()
        for row in await throughput_store.latest_spans(db, job_type, since)
    ]
    return round(statistics.median(spans) * 1000) if spans else None


def _whole_minute(instant: Instant) -> Instant:
    return instant.replace(second=0, microsecond=0)
