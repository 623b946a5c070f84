"""The queue's past by minute, ten minutes and hour: what ended, how long it waited and ran.

The audit trail is added up in batches behind the queue's back, so that no job pays for it, and each
event is counted exactly once: its batch and the cursor are committed together.

The rules: docs/spec.md#queue-history.
"""

import sys
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Literal

import msgspec

from buildos_box.clock import Instant, from_text, to_text
from buildos_box.db import Database, Row, Tx
from buildos_box.errors import Unprocessable
from buildos_box.jobs import history_store

By = Literal["all", "type", "lane", "user"]
LEVELS = (3600, 600, 60)
"""Seconds of a stored step, coarsest first."""
KEPT_MINUTES = timedelta(days=2)
"""How long steps below an hour are kept."""
KEPT_HOURS = timedelta(days=90)
DAY = 86_400
"""Seconds of a step in which users are counted; there are many of them."""
MOST_POINTS = 2_000
MOST_USERS = 20
COUNTS = ("done", "failed", "retried", "cancelled")
_BUCKETS = msgspec.msgpack.Decoder(dict[int, int])
Key = tuple[int, int, str, str]
"""Step, start, job type, lane."""


@dataclass(slots=True)
class Sums:
    """What ended in one step."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    waits: dict[int, int] = field(default_factory=dict)
    """Number of waits by bucket. No Counter: making one takes longer than all that is done here."""
    runs: dict[int, int] = field(default_factory=dict)

    def add_row(self, row: Row) -> None:
        """Add a stored row."""
        for name in COUNTS:
            self.counts[name] += row[name]
        _add(self.waits, row["waits"])
        _add(self.runs, row["runs"])

    def as_totals(self, key: Key) -> history_store.Totals:
        """The row to store."""
        step, start, job_type, lane = key
        return history_store.Totals(
            step=step,
            start=start,
            job_type=job_type,
            lane=lane,
            done=self.counts["done"],
            failed=self.counts["failed"],
            retried=self.counts["retried"],
            cancelled=self.counts["cancelled"],
            waits=msgspec.msgpack.encode(self.waits),
            runs=msgspec.msgpack.encode(self.runs),
        )


def _add(buckets: dict[int, int], stored: bytes) -> None:
    for bucket, count in _BUCKETS.decode(stored).items():
        buckets[bucket] = buckets.get(bucket, 0) + count


def percentile(buckets: dict[int, int], share: float) -> int | None:
    """The duration in ms that `share` of the counted do not exceed, to within an eighth; None
    without any.
    """
    if not buckets:
        return None
    rank = share * sum(buckets.values())
    seen = 0
    for bucket in sorted(buckets):
        seen += buckets[bucket]
        if seen >= rank:
            return round(history_store.BOUNDS[bucket] * 10**-0.05)
    return None


async def roll_up(db: Database) -> None:
    """Add the newest events of the audit trail to the history, page by page.

    Up to the newest of now: in a busy queue there is always a newer one.
    """
    after, newest = await history_store.unread(db)
    while after < newest:
        upto = await _end_of_page(db, after, newest)
        page = await db.read(partial(_summed, after=after, upto=upto))
        moved = await db.write(partial(_add_page, after=after, upto=upto, page=page))
        del page  # before the next one is summed
        after = upto if moved else (await history_store.unread(db))[0]


def roll_up_at_once(tx: Tx) -> None:
    """The same in one transaction, for who is about to change what the events belong to."""
    after, newest = history_store.find_unread(tx)
    while after < newest:
        upto = min(newest, after + history_store.PAGE)
        _add_page(tx, after=after, upto=upto, page=_summed(tx, after, upto))
        after = upto


async def _end_of_page(db: Database, after: int, newest: int) -> int:
    """The last event of the next page: many, but of about an hour, as each minute takes memory."""
    upto = min(newest, after + history_store.PAGE)
    seconds = await history_store.seconds_between(db, after, upto)
    if seconds <= LEVELS[0]:
        return upto
    of_an_hour = (upto - after) * LEVELS[0] // seconds
    return min(upto, after + max(history_store.LEAST_PAGE, of_an_hour))


@dataclass(slots=True)
class _Page:
    """What ended in some events of the audit trail, in each step, and on the days of users."""

    sums: dict[Key, Sums]
    users: list[tuple[int, str, int, int, int, int]]


def _summed(tx: Tx, after: int, upto: int) -> _Page:
    """Row by row as they are read: as a list they would take many times the memory."""
    page = _Page(defaultdict(Sums), [])
    for row in history_store.ended(tx, after, upto):
        if row["day"] is None:
            _add_minute(page.sums, row)
        else:
            counts = (row["done"], row["failed"], row["retried"], row["cancelled"])
            page.users.append((_seconds(f"{row['day']}T00:00"), row["user_id"], *counts))
    return page


def _add_minute(sums: dict[Key, Sums], row: Row) -> None:
    minute = _seconds(row["minute"])
    # The same few names in thousands of keys.
    job_type, lane = sys.intern(row["job_type"]), sys.intern(row["lane"])
    counts = {name: row[name] for name in COUNTS}
    count = sum(counts.values())
    for step in LEVELS:
        found = sums[step, minute // step * step, job_type, lane]
        for name in COUNTS:
            found.counts[name] += counts[name]
        for buckets, bucket in ((found.waits, row["wait"]), (found.runs, row["run"])):
            if bucket is not None:
                buckets[bucket] = buckets.get(bucket, 0) + count


def _add_page(tx: Tx, *, after: int, upto: int, page: _Page) -> bool:
    """False if another writer was first."""
    if not history_store.move_cursor(tx, after, upto):
        return False
    history_store.write(tx, [_with_stored(tx, key, found) for key, found in page.sums.items()])
    history_store.add_users(tx, page.users)
    return True


def _with_stored(tx: Tx, key: Key, found: Sums) -> history_store.Totals:
    """The row to store. The page itself stays as it was: the transaction may be run again."""
    row = history_store.totals(tx, *key)
    if row is None:
        return found.as_totals(key)
    whole = Sums(dict(found.counts), dict(found.waits), dict(found.runs))
    whole.add_row(row)
    return whole.as_totals(key)


def _seconds(minute: str) -> int:
    return int(from_text(f"{minute}:00Z").timestamp())


class Series(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What ended in each step, oldest first.

    `retried` and `cancelled` count attempts that will be repeated, and jobs that were called off.
    Durations are in ms, None where nothing ended; of users they are not kept.
    """

    name: str
    done: list[int]
    failed: list[int]
    retried: list[int]
    cancelled: list[int]
    wait_p50_ms: list[int | None]
    wait_p95_ms: list[int | None]
    run_p50_ms: list[int | None]
    run_p95_ms: list[int | None]


class History(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Steps of `step` seconds from `from` (included) to `to`, and a series for each name."""

    from_: str = msgspec.field(name="from")
    to: str
    step: int
    by: By
    series: list[Series]


@dataclass(frozen=True, slots=True)
class Span:
    """Whole steps between two instants, in Unix seconds."""

    first: int
    end: int
    step: int

    @classmethod
    def between(cls, first: Instant, last: Instant, step: int) -> "Span":
        """The steps that hold the time between both. Raises Unprocessable for too many or none."""
        if step < LEVELS[-1] or step % LEVELS[-1]:
            raise Unprocessable.field("step", "is a number of seconds that is whole minutes")
        start = int(first.timestamp()) // step * step
        end = -(-int(last.timestamp()) // step) * step
        if end <= start:
            raise Unprocessable.field("from", "must be before `to`")
        if (end - start) // step > MOST_POINTS:
            raise Unprocessable.field(
                "step", f"is too short: at most {MOST_POINTS:,} steps are told"
            )
        return cls(start, end, step)

    @property
    def level(self) -> int:
        """The coarsest stored step of which these are made."""
        return next(level for level in LEVELS if self.step % level == 0)

    @property
    def count(self) -> int:
        """The number of steps."""
        return (self.end - self.first) // self.step

    @property
    def from_text(self) -> str:
        """The start of the first step."""
        return to_text(datetime.fromtimestamp(self.first, UTC))

    @property
    def to_text(self) -> str:
        """The end of the last step."""
        return to_text(datetime.fromtimestamp(self.end, UTC))


async def history(db: Database, span: Span, by: By) -> History:
    """What the queue did in that time, up to the last commit. Raises Unprocessable for users
    by less than days.
    """
    if by == "user" and span.step % DAY:
        raise Unprocessable.field("step", "is whole days (86,400) for users")
    await roll_up(db)
    steps: dict[str, dict[int, Sums]] = defaultdict(lambda: defaultdict(Sums))
    if by == "user":
        for row in await history_store.users_between(db, span.first, span.end, MOST_USERS):
            found = steps[row["user_id"]][(row["start"] - span.first) // span.step]
            for name in COUNTS:
                found.counts[name] += row[name]
    else:
        for row in await history_store.between(db, span.level, span.first, span.end):
            found = steps[_name(row, by)][(row["start"] - span.first) // span.step]
            found.add_row(row)
    return History(
        from_=span.from_text,
        to=span.to_text,
        step=span.step,
        by=by,
        series=[_series(name, found, span.count) for name, found in sorted(steps.items())],
    )


def _name(row: Row, by: By) -> str:
    columns = {"type": "job_type", "lane": "lane"}
    return str(row[columns[by]]) if by in columns else "all"


def _series(name: str, found: dict[int, Sums], count: int) -> Series:
    nothing = Sums()
    steps = [found.get(number, nothing) for number in range(count)]
    durations: dict[str, Any] = {
        f"{kind}_p{round(share * 100)}_ms": [
            percentile(one.waits if kind == "wait" else one.runs, share) for one in steps
        ]
        for kind in ("wait", "run")
        for share in (0.5, 0.95)
    }
    counts: dict[str, Any] = {column: [one.counts[column] for one in steps] for column in COUNTS}
    return Series(name=name, **counts, **durations)


def oldest_kept(now: Instant) -> tuple[Instant, Instant]:
    """The start of the oldest kept minutes, and of the oldest kept hours."""
    return now - KEPT_MINUTES, now - KEPT_HOURS
