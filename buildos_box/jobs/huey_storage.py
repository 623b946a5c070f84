"""The job store as Huey's storage: `dequeue` returns claimed attempts.

A job is stored in `queue_jobs` only; a message of Huey's names a claim. Cron calls are kept in
memory, and CronRegistry makes them again if they are lost.

The rules: docs/spec.md#wake-up.
"""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta
from itertools import chain
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

LONGEST_WAIT_SECONDS = 10.0
"""Of a worker that nothing wakes. `/health` wants one of them to have looked within a minute."""
NEAR = timedelta(seconds=1)
"""How long before a due time a worker is sent to wait for it; it is looked for every second."""
TRY_AGAIN_AFTER = timedelta(seconds=1)
ATTEMPTS = b"attempts:"
log = logger(__name__)


class JsonSerializer(Serializer):  # type: ignore[misc]
    """Huey's messages as JSON instead of pickle, so that no stored data can run code."""

    def _serialize(self, data: Any) -> bytes:
        return msgspec.json.encode(tuple(data))

    def _deserialize(self, data: bytes) -> Message:
        return Message(*msgspec.json.decode(data))


def claim_named_in(data: bytes) -> str | None:
    """The claim that a message names, by the lease token of its first attempt; None if it is a cron
    call.
    """
    return data.removeprefix(ATTEMPTS).decode() if data.startswith(ATTEMPTS) else None


class ClaimStorage(BaseStorage):  # type: ignore[misc]
    """The storage that Huey's workers read from: claimed attempts and cron calls.

    Nothing polls the job store. An enqueue, a freed slot or a reached due time causes one claim for
    all free slots, whose answer wakes one worker. What happens while a claim is running causes
    another one after it. For a due time one worker is woken shortly before, to wait for it to the
    moment; the clock is looked at every second, since it may be set.
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
        self._taken: dict[str, list[Claimed]] = {}
        """What was dequeued and not yet fetched, by the name that its message has."""
        self._condition = threading.Condition(threading.Lock())
        self._asking = False
        self._may_have_work = True
        self._next_due: Instant | None = None
        self._open = False
        self.stopped = False
        self.ticked_at = clock.monotonic()

    def wake(self) -> None:
        """There may be something to claim. Never blocks."""
        with self._condition:
            self._may_have_work = True
            if not self._begin_to_ask():
                return
        self._ask()

    def open(self) -> None:
        """Allow claims from now on: workers are about to run."""
        self._open = True

    def stop(self) -> None:
        """Claim nothing more; every waiting worker returns at once."""
        with self._condition:
            self.stopped = True
            self._condition.notify_all()

    @property
    def has_work(self) -> bool:
        """Whether `dequeue` would return at once; for tests that drive the workers by hand."""
        with self._condition:
            return self._has_work()

    @property
    def next_due(self) -> Instant | None:
        """When the next waiting job is due, as of the last claim."""
        return self._next_due

    def left_over(self) -> list[Claimed]:
        """Attempts that were claimed but not taken by a worker."""
        with self._condition:
            left = [claimed for batch in self._ready for claimed in batch]
            self._ready.clear()
            return left

    def take(self, name: str) -> list[Claimed]:
        """The attempts of the claim that a message named, returned once; then none."""
        with self._condition:
            return self._taken.pop(name, [])

    def enqueue(self, data: bytes, priority: float | None = None) -> None:
        """Add a cron call of Huey's scheduler."""
        with self._condition:
            self._calls.append(data)
            self._condition.notify()

    def dequeue(self) -> bytes | None:
        """The next cron call or claimed attempts as a message; None after a while without any."""
        self.ticked_at = self._clock.monotonic()
        with self._condition:
            if not self._has_work():
                self._condition.wait(self._seconds_to_wait())
            if self._ready:
                batch = self._ready.popleft()
                name = batch[0].lease_token
                self._taken[name] = batch
                return ATTEMPTS + name.encode()
            if self._calls and not self.stopped:
                return self._calls.popleft()
            if not self._begin_to_ask():
                return None
        self._ask()
        return None

    def _has_work(self) -> bool:
        """Whether there is something to return or to claim. Call with the lock held."""
        calls = bool(self._calls) and not self.stopped
        return bool(self._ready) or calls or self._worth_asking()

    def _worth_asking(self) -> bool:
        """Whether there may be something to claim, and no claim is running. Call with the lock
        held.
        """
        if not self._open or self.stopped or self._asking:
            return False
        if self._is_full():
            return False  # the end of an attempt causes the next claim
        due = self._next_due is not None and self._next_due <= self._clock.now()
        return self._may_have_work or due

    def _is_full(self) -> bool:
        waiting = chain(self._ready, self._taken.values())
        return not self._has_free_slot(sum(map(len, waiting)))

    def _begin_to_ask(self) -> bool:
        """Whether the caller must start a claim now. Call with the lock held."""
        if not self._worth_asking():
            return False
        self._asking, self._may_have_work = True, False
        return True

    def _ask(self) -> None:
        try:
            self._claim().add_done_callback(self._answered)
        except Unavailable:  # the database is closing
            self.stop()

    def _answered(self, answer: "Future[Claims]") -> None:
        """Take over what was claimed; after an error, claim again after a second."""
        error = answer.exception()
        if error is not None:
            log.error("claim_failed", error=str(error))
        with self._condition:
            self._asking = False
            if error is None:
                found = answer.result()
                before, self._next_due = self._next_due, found.next_due
                if self._next_due != before:
                    self._wake_for_due()
                if found.jobs:
                    self._ready.append(found.jobs)
                    self._condition.notify()
            else:
                self._next_due = self._clock.now() + TRY_AGAIN_AFTER
                self._wake_for_due()
            if not self._begin_to_ask():
                return
        self._ask()

    def _seconds_to_wait(self) -> float:
        if self.stopped:
            return 0.0
        if self._asking or self._next_due is None or self._is_full():
            return LONGEST_WAIT_SECONDS
        left = (self._next_due - self._clock.now()) / timedelta(seconds=1)
        return min(max(left, 0.0), LONGEST_WAIT_SECONDS)

    def _wake_for_due(self) -> None:
        """Wake a worker if a due time has come or is near. Call with the lock held."""
        if self._next_due is not None and self._next_due - self._clock.now() <= NEAR:
            self._condition.notify()

    def queue_size(self) -> int:
        """The number of waiting cron calls; jobs are counted in the job store."""
        return len(self._calls)

    def enqueued_items(self, limit: int | None = None) -> list[bytes]:
        """The waiting cron calls."""
        return list(self._calls)[:limit]

    def flush_queue(self) -> None:
        """Remove all waiting cron calls."""
        self._calls.clear()

    def read_schedule(self, ts: Any) -> list[bytes]:
        """Empty: due times are kept in the job store. Huey's scheduler asks every second."""
        with self._condition:
            self._wake_for_due()
        return []

    def schedule_size(self) -> int:
        """0: due times are kept in the job store."""
        return 0

    def scheduled_items(self, limit: int | None = None) -> list[bytes]:
        """Empty: due times are kept in the job store."""
        return []

    def flush_schedule(self) -> None:
        """Nothing to remove."""

    def put_data(self, key: str, value: bytes, is_result: bool = False) -> None:
        """Results are kept in the job store."""

    def peek_data(self, key: str) -> Any:
        """No task is revoked through Huey: jobs are cancelled in the job store."""
        return EmptyData

    def peek_many(self, keys: list[str]) -> dict[str, bytes]:
        """No task is revoked through Huey: jobs are cancelled in the job store."""
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
        """Nothing to remove."""
