"""The ledger as Huey's storage: `dequeue` hands out claims, it reads nothing away.

A job lives in `queue_jobs` and nowhere else; what Huey holds is a message that names a job
and its lease. Only cron calls pass through memory: the cron book makes them again if lost.

The rules: docs/spec.md#wake-up.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from datetime import timedelta
from typing import Any

import msgspec
from huey.constants import EmptyData
from huey.registry import Message
from huey.serializer import Serializer
from huey.storage import BaseStorage

from buildos_box.clock import Clock, Instant
from buildos_box.errors import Unavailable
from buildos_box.jobs.claims import Claimed, Claims
from buildos_box.log import logger

STOP_CHECK_SECONDS = 1.0
TRY_AGAIN_AFTER = timedelta(seconds=1)
ATTEMPTS = b"attempts:"
log = logger(__name__)


class JsonSerializer(Serializer):  # type: ignore[misc]
    """Huey's messages as JSON: a row that someone else wrote can never run code."""

    def _serialize(self, data: Any) -> bytes:
        return msgspec.json.encode(tuple(data))

    def _deserialize(self, data: bytes) -> Message:
        return Message(*msgspec.json.decode(data))


def attempts_message(lease_tokens: Iterable[str]) -> bytes:
    """What `dequeue` hands to Huey for a claim: the leases, by which the worker finds it again."""
    return ATTEMPTS + ",".join(lease_tokens).encode()


def leases_in(data: bytes) -> tuple[str, ...]:
    """The lease tokens of an attempts' message; none for any other message."""
    if not data.startswith(ATTEMPTS):
        return ()
    return tuple(data.removeprefix(ATTEMPTS).decode().split(","))


class LedgerStorage(BaseStorage):  # type: ignore[misc]
    """What Huey's workers read from: attempts that have been claimed for the slots free now.

    Nothing polls. Whoever has news (an enqueue, a freed slot, a due time that has come) asks the
    ledger once, for all free slots; the answer wakes one worker. News that comes while an answer
    is on its way is asked about after it. Each second the workers only look at Huey's stop flag.
    """

    blocking = True

    def __init__(
        self,
        name: str = "buildos-box",
        *,
        claim: Callable[[], "Future[Claims]"],
        clock: Clock,
        has_free_slot: Callable[[int], bool] = lambda _claimed: True,
    ) -> None:
        super().__init__(name)
        self._claim = claim
        self._clock = clock
        self._has_free_slot = has_free_slot
        self._calls: deque[bytes] = deque()
        self._ready: deque[list[Claimed]] = deque()
        self._taken: dict[str, Claimed] = {}
        self._condition = threading.Condition(threading.Lock())
        self._asking = False
        self._news = True
        self._next_due: Instant | None = None
        self._open = False
        self.stopped = False
        self.ticked_at = clock.monotonic()

    def wake(self) -> None:
        """There may be something to claim. Never blocks."""
        with self._condition:
            self._news = True
            if not self._begin_to_ask():
                return
        self._ask()

    def open(self) -> None:
        """From now on claims may be asked for: there are workers to take them."""
        self._open = True

    def stop(self) -> None:
        """Claim nothing any more; every waiting worker returns at once."""
        with self._condition:
            self.stopped = True
            self._condition.notify_all()

    @property
    def has_work(self) -> bool:
        """Whether `dequeue` would not wait: for who drives the workers by hand."""
        with self._condition:
            return self._has_work()

    @property
    def next_due(self) -> Instant | None:
        """When the next waiting job falls due, as far as the last claim has told."""
        return self._next_due

    def left_over(self) -> list[Claimed]:
        """What was claimed but never handed to a worker: for who stops the workers."""
        with self._condition:
            left = [claimed for batch in self._ready for claimed in batch]
            self._ready.clear()
            return left

    def take(self, lease_tokens: Iterable[str]) -> list[Claimed]:
        """The claims that a message names; each is handed out once."""
        found = (self._taken.pop(token, None) for token in lease_tokens)
        return [claimed for claimed in found if claimed is not None]

    def enqueue(self, data: bytes, priority: float | None = None) -> None:
        """Huey's scheduler hands over a cron call."""
        with self._condition:
            self._calls.append(data)
            self._condition.notify()

    def dequeue(self) -> bytes | None:
        """The next cron call or claimed attempts as a message; None after a second of neither."""
        self.ticked_at = self._clock.monotonic()
        with self._condition:
            if not self._has_work():
                self._condition.wait(self._seconds_to_wait())
            if self._ready:
                batch = self._ready.popleft()
                tokens = [claimed.lease_token for claimed in batch]
                self._taken.update(zip(tokens, batch, strict=True))
                return attempts_message(tokens)
            if self._calls and not self.stopped:
                return self._calls.popleft()
            if not self._begin_to_ask():
                return None
        self._ask()
        return None

    def _has_work(self) -> bool:
        """Whether there is something to hand out, or to ask about. Call with the lock held."""
        calls = bool(self._calls) and not self.stopped
        return bool(self._ready) or calls or self._worth_asking()

    def _worth_asking(self) -> bool:
        """Whether there may be something that nobody asks about yet. Call with the lock held."""
        if not self._open or self.stopped or self._asking:
            return False
        if self._is_full():
            return False  # the attempt that frees a slot is news
        due = self._next_due is not None and self._next_due <= self._clock.now()
        return self._news or due

    def _is_full(self) -> bool:
        return not self._has_free_slot(sum(map(len, self._ready)) + len(self._taken))

    def _begin_to_ask(self) -> bool:
        """Whether the caller is the one who asks now. Call with the lock held."""
        if not self._worth_asking():
            return False
        self._asking, self._news = True, False
        return True

    def _ask(self) -> None:
        try:
            self._claim().add_done_callback(self._answered)
        except Unavailable:  # the database is closing, and everything with it
            self.stop()

    def _answered(self, answer: "Future[Claims]") -> None:
        """Hand over what was claimed; after an error, ask again in a while."""
        error = answer.exception()
        if error is not None:
            log.error("claim_failed", error=str(error))
        with self._condition:
            self._asking = False
            if error is None:
                found = answer.result()
                self._next_due = found.next_due
                if found.jobs:
                    self._ready.append(found.jobs)
                    self._condition.notify()
            else:
                self._next_due = self._clock.now() + TRY_AGAIN_AFTER
            if not self._begin_to_ask():
                return
        self._ask()

    def _seconds_to_wait(self) -> float:
        if self.stopped:
            return 0.0
        if self._asking or self._next_due is None or self._is_full():
            return STOP_CHECK_SECONDS
        left = (self._next_due - self._clock.now()) / timedelta(seconds=1)
        return min(max(left, 0.0), STOP_CHECK_SECONDS)

    def queue_size(self) -> int:
        """Cron calls that wait; jobs are counted by the ledger."""
        return len(self._calls)

    def enqueued_items(self, limit: int | None = None) -> list[bytes]:
        """The cron calls that wait."""
        return list(self._calls)[:limit]

    def flush_queue(self) -> None:
        """Forget waiting cron calls."""
        self._calls.clear()

    def read_schedule(self, ts: Any) -> list[bytes]:
        """Nothing: due times are the ledger's."""
        return []

    def schedule_size(self) -> int:
        """Nothing: due times are the ledger's."""
        return 0

    def scheduled_items(self, limit: int | None = None) -> list[bytes]:
        """Nothing: due times are the ledger's."""
        return []

    def flush_schedule(self) -> None:
        """Nothing to forget."""

    def put_data(self, key: str, value: bytes, is_result: bool = False) -> None:
        """Results are the ledger's."""

    def peek_data(self, key: str) -> Any:
        """No task is revoked through Huey: jobs are cancelled in the ledger."""
        return EmptyData

    def peek_many(self, keys: list[str]) -> dict[str, bytes]:
        """No task is revoked through Huey: jobs are cancelled in the ledger."""
        return {}

    def pop_data(self, key: str) -> Any:
        """Nothing is stored."""
        return EmptyData

    def delete_data(self, key: str) -> bool:
        """Nothing is stored."""
        return False

    def has_data_for_key(self, key: str) -> bool:
        """Nothing is stored."""
        return False

    def result_store_size(self) -> int:
        """Nothing is stored."""
        return 0

    def result_items(self) -> dict[str, bytes]:
        """Nothing is stored."""
        return {}

    def flush_results(self) -> None:
        """Nothing to forget."""
