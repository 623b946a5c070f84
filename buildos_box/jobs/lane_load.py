"""What each lane has to do, and how fast it gets done (docs/spec.md#lane-load)."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from buildos_box.clock import Instant, from_text
from buildos_box.db import Database
from buildos_box.jobs import claim_order, history, history_store, job_query_store, pause_store
from buildos_box.jobs.lanes import Lane
from buildos_box.jobs.status import Status

RATE_MINUTES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneLoad:
    """A lane's jobs: running, due, for later, in retry; with times as stored."""

    lane: Lane
    paused: bool
    running: int
    waiting: int = 0
    oldest_due: str | None = None
    busiest_user: str | None = None
    busiest_user_waiting: int = 0
    scheduled: int = 0
    next_due: str | None = None
    in_retry: int = 0
    next_retry: str | None = None
    ended_per_minute: float = 0.0

    @property
    def clear_in_seconds(self) -> int | None:
        """When nothing would wait any more at the lane's rate; None if that is not known."""
        if not self.waiting:
            return 0
        rate = self.ended_per_minute
        if self.lane.per_minute is not None:
            rate = min(rate, self.lane.per_minute)
        return None if self.paused or rate <= 0 else round(self.waiting / rate * 60)


async def loads(db: Database, lanes: Mapping[str, Lane], now: Instant) -> list[LaneLoad]:
    """The load of every lane, in their order."""
    await history.roll_up(db)
    ended: dict[str, dict[int, int]] = defaultdict(dict)
    for row in await history_store.ended_by_lane(db, _minute(now) - 60 * RATE_MINUTES):
        ended[row["lane"]][row["start"]] = row["count"]
    due, later = await job_query_store.due_by_lane(db), await job_query_store.later_by_lane(db)
    running = await db.read_snapshot(claim_order.running)
    pauses = await pause_store.list_pauses(db)
    shut = {pause.name for pause in pauses if pause.kind == "lane"}
    everything = any(pause.kind == "all" for pause in pauses)
    found = []
    for lane in lanes.values():
        ready = due.get(lane.name)
        scheduled = later.get((lane.name, Status.PENDING))
        retry = later.get((lane.name, Status.QUEUED_FOR_RETRY))
        found.append(
            LaneLoad(
                lane=lane,
                paused=everything or lane.name in shut,
                running=running.by_lane.get(lane.name, 0),
                waiting=ready["count"] if ready else 0,
                oldest_due=ready["oldest"] if ready else None,
                busiest_user=ready["busiest_user"] if ready else None,
                busiest_user_waiting=ready["busiest_user_count"] if ready else 0,
                scheduled=scheduled["count"] if scheduled else 0,
                next_due=scheduled["first"] if scheduled else None,
                in_retry=retry["count"] if retry else 0,
                next_retry=retry["first"] if retry else None,
                ended_per_minute=_rate(ended[lane.name], ready["oldest"] if ready else None, now),
            )
        )
    return found


def _rate(ended: Mapping[int, int], oldest_due: str | None, now: Instant) -> float:
    """Jobs a minute, in the last ten minutes.

    Where something waits, only since it came due: before that the lane may have had nothing to do.
    A minute is the least, since jobs are counted by the minute.
    """
    minutes = RATE_MINUTES
    if oldest_due is not None:
        waited = (_minute(now) - _minute(from_text(oldest_due))) // 60
        minutes = min(RATE_MINUTES, max(1, waited))
    first = _minute(now) - 60 * minutes
    count = sum(count for start, count in ended.items() if start >= first)
    return count / (now.timestamp() - first) * 60


def _minute(instant: Instant) -> int:
    """The start of its minute, in Unix seconds."""
    return int(instant.timestamp()) // 60 * 60
