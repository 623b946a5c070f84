"""The ledger as Huey's storage: `dequeue` is a claim, not a destructive read (design: engine).

A job lives in `queue_jobs` and nowhere else; what Huey holds is a message that names a job
and its lease. Only cron calls pass through memory: the cron book makes them again if lost.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import msgspec
from huey.constants import EmptyData
from huey.registry import Message
from huey.serializer import Serializer
from huey.storage import BaseStorage

from buildos_box.clock import Clock, Instant
from buildos_box.jobs.claims import Claimed, Claims

STOP_CHECK_SECONDS = 1.0
TRY_AGAIN_AFTER = timedelta(seconds=1)
ATTEMPTS = b"attempts:"


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
    """What Huey's workers read from. `claim` is called on a worker's thread and may block.

    Nothing polls: workers that found nothing wait until an enqueue or a freed slot wakes one of
    them, or the next job falls due; each second they only let Huey look at its stop flag. One
    worker claims at a time, for all free slots, so that two never ask for the same work.
    """

    blocking = True

    def __init__(
        self, name: str = "buildos-box", *, claim: Callable[[], Claims], clock: Clock
    ) -> None:
        super().__init__(name)
        self._claim = claim
        self._clock = clock
        self._calls: deque[bytes] = deque()
        self._claimed: dict[str, Claimed] = {}
        self._condition = threading.Condition()
        self._claiming = False
        self._wakes = 1
        self._seen = 0
        self._next_due: Instant | None = None
        self.stopped = False
        self.ticked_at = clock.monotonic()

    def wake(self) -> None:
        """There may be something to claim: one waiting worker goes and looks."""
        with self._condition:
            somebody_goes = self._claiming or self._seen != self._wakes
            self._wakes += 1
            if not somebody_goes:
                self._condition.notify()

    def stop(self) -> None:
        """Claim nothing any more; every waiting worker returns at once."""
        with self._condition:
            self.stopped = True
            self._condition.notify_all()

    def take(self, lease_tokens: Iterable[str]) -> list[Claimed]:
        """The claims that a message names; each is handed out once."""
        found = (self._claimed.pop(token, None) for token in lease_tokens)
        return [claimed for claimed in found if claimed is not None]

    def enqueue(self, data: bytes, priority: float | None = None) -> None:
        """Huey's scheduler hands over a cron call."""
        with self._condition:
            self._calls.append(data)
            self._condition.notify()

    def dequeue(self) -> bytes | None:
        """The next cron call or claimed jobs as a message; None after a second with neither."""
        self.ticked_at = self._clock.monotonic()
        with self._condition:
            if not self._calls and not self._may_claim():
                self._condition.wait(self._seconds_to_wait())
            if self._calls:
                call = self._calls.popleft()
                self._pass_on()
                return call
            if not self._may_claim():
                return None
            self._claiming, self._seen = True, self._wakes
        found = self._look()
        if not found.jobs:
            return None
        tokens = [claimed.lease_token for claimed in found.jobs]
        self._claimed.update(zip(tokens, found.jobs, strict=True))
        return attempts_message(tokens)

    def _look(self) -> Claims:
        """Claim, as the one worker who may; after a look that failed, the next is in a while."""
        next_due: Instant | None = self._clock.now() + TRY_AGAIN_AFTER
        try:
            found = self._claim()
            next_due = found.next_due
            return found
        finally:
            with self._condition:
                self._claiming, self._next_due = False, next_due
                self._pass_on()

    def _may_claim(self) -> bool:
        """Whether there may be something that no look has seen. Call with the lock held."""
        if self.stopped or self._claiming:
            return False
        if self._seen != self._wakes:
            return True
        return self._next_due is not None and self._next_due <= self._clock.now()

    def _pass_on(self) -> None:
        """Send another worker for what is left, since this one is busy now."""
        if self._calls or self._may_claim():
            self._condition.notify()

    def _seconds_to_wait(self) -> float:
        if self.stopped:
            return 0.0
        if self._claiming or self._next_due is None:
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
