"""The ledger as Huey's storage: `dequeue` is a claim, not a destructive read (design: engine).

A job lives in `queue_jobs` and nowhere else; what Huey holds is a message that names a job
and its lease. Only cron calls pass through memory: the cron book makes them again if lost.
"""

import threading
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
from huey.constants import EmptyData
from huey.registry import Message
from huey.serializer import Serializer
from huey.storage import BaseStorage

from buildos_box.clock import Clock, Instant
from buildos_box.jobs.claims import Claimed, NothingDue

STOP_CHECK_SECONDS = 1.0
ATTEMPT = b"attempt:"


class JsonSerializer(Serializer):  # type: ignore[misc]
    """Huey's messages as JSON: a row that someone else wrote can never run code."""

    def _serialize(self, data: Any) -> bytes:
        return msgspec.json.encode(tuple(data))

    def _deserialize(self, data: bytes) -> Message:
        return Message(*msgspec.json.decode(data))


def attempt_message(lease_token: str) -> bytes:
    """What `dequeue` hands to Huey for a claim: the lease, by which the worker finds it again."""
    return ATTEMPT + lease_token.encode()


def lease_in(data: bytes) -> str | None:
    """The lease token of an attempt's message; None for any other message."""
    return data.removeprefix(ATTEMPT).decode() if data.startswith(ATTEMPT) else None


class LedgerStorage(BaseStorage):  # type: ignore[misc]
    """What Huey's workers read from. `claim` is called on a worker's thread and may block.

    Nothing polls: a worker that found nothing waits until an enqueue wakes it or the next
    job falls due; each second it only lets Huey look at its stop flag.
    """

    blocking = True

    def __init__(
        self, name: str = "buildos-box", *, claim: Callable[[], Claimed | NothingDue], clock: Clock
    ) -> None:
        super().__init__(name)
        self._claim = claim
        self._clock = clock
        self._calls: deque[bytes] = deque()
        self._claimed: dict[str, Claimed] = {}
        self._condition = threading.Condition()
        self._wakes = 0
        self._next_due: Instant | None = None
        self._seen = threading.local()
        self.stopped = False
        self.ticked_at = clock.monotonic()

    def wake(self) -> None:
        """There may be something to claim: one waiting worker goes and looks."""
        with self._condition:
            self._wakes += 1
            self._condition.notify()

    def stop(self) -> None:
        """Claim nothing any more; every waiting worker returns at once."""
        with self._condition:
            self.stopped = True
            self._condition.notify_all()

    def take(self, lease_token: str) -> Claimed | None:
        """The claim that a message names; each is handed out once."""
        return self._claimed.pop(lease_token, None)

    def enqueue(self, data: bytes, priority: float | None = None) -> None:
        """Huey's scheduler hands over a cron call."""
        self._calls.append(data)
        self.wake()

    def dequeue(self) -> bytes | None:
        """The next cron call or claimed job as a message; None after a second with neither."""
        self.ticked_at = self._clock.monotonic()
        if self._calls:
            try:
                return self._calls.popleft()
            except IndexError:
                pass
        if self.stopped or not self._worth_a_look():
            return None
        wakes = self._wakes
        outcome = self._claim()
        if isinstance(outcome, NothingDue):
            self._seen.wakes = wakes
            self._next_due = outcome.next_due
            return None
        self._claimed[outcome.lease_token] = outcome
        return attempt_message(outcome.lease_token)

    def _worth_a_look(self) -> bool:
        """Wait, up to a second, until there may be something that this worker has not seen."""
        with self._condition:
            if self._anything_new():
                return True
            self._condition.wait(self._seconds_to_wait())
            return not self.stopped and self._anything_new()

    def _anything_new(self) -> bool:
        if getattr(self._seen, "wakes", -1) != self._wakes or self._calls:
            return True
        return self._next_due is not None and self._next_due <= self._clock.now()

    def _seconds_to_wait(self) -> float:
        if self._next_due is None:
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
