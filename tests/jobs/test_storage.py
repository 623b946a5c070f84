"""Between the job store and Huey's workers: who asks for claims, when, and who gets them."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import timedelta

import pytest

from buildos_box.errors import TransientError
from buildos_box.jobs.claims import Claimed, Claims
from buildos_box.jobs.huey_storage import LONGEST_WAIT_SECONDS, ClaimStorage, claim_named_in
from tests.clock import ManualClock

A_CLAIM = Claimed(
    row_id=1,
    job_id="job-1",
    job_type="t",
    user_id=None,
    number=1,
    max_attempts=3,
    due="2024-10-23T08:00:00.000Z",
    dedup_key=None,
    metadata="{}",
    correlation_id="corr-1",
    lease_token="token-1",
    ran_before=False,
    deferred=0,
    retry_until=None,
    expires_at=None,
)
NOTHING = Claims([], None)


class FakeClaims:
    """Takes the questions; the test gives the answers when it likes."""

    def __init__(self) -> None:
        self.asked: list[Future[Claims]] = []

    def claim(self) -> "Future[Claims]":
        self.asked.append(Future())
        return self.asked[-1]


@pytest.fixture
def claims() -> FakeClaims:
    return FakeClaims()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def storage(claims: FakeClaims, clock: ManualClock) -> ClaimStorage:
    return ClaimStorage(claim=claims.claim, clock=clock)


def test_nothing_is_claimed_before_there_are_workers(
    storage: ClaimStorage, claims: FakeClaims
) -> None:
    storage.wake()
    assert claims.asked == []
    storage.open()
    assert storage.dequeue() is None
    assert len(claims.asked) == 1


def test_what_was_claimed_together_goes_to_one_worker_once(
    storage: ClaimStorage, claims: FakeClaims
) -> None:
    second = A_CLAIM._replace(row_id=2, lease_token="token-2")
    storage.open()
    storage.wake()
    claims.asked[0].set_result(Claims([A_CLAIM, second], None))
    message = storage.dequeue()
    assert message is not None
    name = claim_named_in(message) or ""
    assert name == "token-1"
    assert storage.take(name) == [A_CLAIM, second]
    assert storage.take(name) == []


def test_news_while_an_answer_is_on_its_way_is_asked_about_after_it(
    storage: ClaimStorage, claims: FakeClaims
) -> None:
    storage.open()
    for _ in range(5):
        storage.wake()
    assert len(claims.asked) == 1
    claims.asked[0].set_result(NOTHING)
    assert len(claims.asked) == 2
    claims.asked[1].set_result(NOTHING)
    assert len(claims.asked) == 2


def test_a_due_time_that_has_come_is_news(
    storage: ClaimStorage, claims: FakeClaims, clock: ManualClock
) -> None:
    storage.open()
    storage.wake()
    claims.asked[0].set_result(Claims([], clock.now() + timedelta(minutes=5)))
    clock.advance(timedelta(minutes=5))
    assert storage.dequeue() is None
    assert len(claims.asked) == 2


def test_a_due_time_that_is_near_wakes_a_worker_to_wait_for_it(
    storage: ClaimStorage, claims: FakeClaims, clock: ManualClock
) -> None:
    """Told by a claim, while all workers wait for longer."""
    storage.open()
    storage.wake()
    with waiting_worker(storage) as worker:
        claims.asked[0].set_result(Claims([], clock.now() + timedelta(seconds=0.5)))
        worker.join(LONGEST_WAIT_SECONDS / 2)
        assert not worker.is_alive()
        assert storage._seconds_to_wait() == 0.5


def test_the_scheduler_wakes_a_worker_when_a_due_time_comes(
    storage: ClaimStorage, claims: FakeClaims, clock: ManualClock
) -> None:
    """Also if the clock was set: the time to wait was computed by what it showed before."""
    storage.open()
    storage.wake()
    claims.asked[0].set_result(Claims([], clock.now() + timedelta(minutes=5)))
    with waiting_worker(storage) as worker:
        storage.read_schedule(None)
        worker.join(0.2)
        assert worker.is_alive(), "it is not near"
        clock.advance(timedelta(minutes=5))
        storage.read_schedule(None)
        worker.join(LONGEST_WAIT_SECONDS / 2)
        assert not worker.is_alive()
    assert len(claims.asked) == 2


def test_to_stop_wakes_every_worker(storage: ClaimStorage) -> None:
    storage.open()
    storage.wake()
    with waiting_worker(storage) as one, waiting_worker(storage) as other:
        storage.stop()
        for worker in (one, other):
            worker.join(LONGEST_WAIT_SECONDS / 2)
            assert not worker.is_alive()


@contextmanager
def waiting_worker(storage: ClaimStorage) -> Iterator[threading.Thread]:
    """A thread that waits in `dequeue`."""
    before = len(storage._condition._waiters)  # type: ignore[attr-defined]
    worker = threading.Thread(target=storage.dequeue)
    worker.start()
    while len(storage._condition._waiters) == before:  # type: ignore[attr-defined]
        time.sleep(0.001)
    try:
        yield worker
    finally:
        storage.stop()
        worker.join()


def test_after_a_claim_that_failed_it_asks_again_in_a_while(
    storage: ClaimStorage, claims: FakeClaims, clock: ManualClock
) -> None:
    storage.open()
    storage.wake()
    claims.asked[0].set_exception(TransientError("the disk is full"))
    assert len(claims.asked) == 1
    clock.advance(timedelta(seconds=1))
    storage.dequeue()
    assert len(claims.asked) == 2


def test_a_waiting_worker_is_woken_by_the_answer(storage: ClaimStorage, claims: FakeClaims) -> None:
    storage.open()
    storage.wake()
    got: list[bytes | None] = []
    worker = threading.Thread(target=lambda: got.append(storage.dequeue()))
    worker.start()
    claims.asked[0].set_result(Claims([A_CLAIM], None))
    worker.join(timeout=10)
    assert [claim_named_in(message or b"") for message in got] == ["token-1"]


def test_with_every_slot_taken_nothing_is_asked_until_one_is_free(
    claims: FakeClaims, clock: ManualClock
) -> None:
    in_flight = 0
    storage = ClaimStorage(
        claim=claims.claim, clock=clock, has_free_slot=lambda claimed: claimed + in_flight < 1
    )
    storage.open()
    storage.wake()
    claims.asked[0].set_result(Claims([A_CLAIM], None))
    storage.wake()
    assert len(claims.asked) == 1, "the claim that waits for a worker has the slot"
    in_flight = len(storage.take(claim_named_in(storage.dequeue() or b"") or ""))
    storage.wake()
    assert len(claims.asked) == 1, "the attempt that runs has the slot"
    in_flight = 0
    storage.wake()
    assert len(claims.asked) == 2


def test_a_due_time_that_comes_while_all_slots_are_taken_keeps_no_worker_spinning(
    claims: FakeClaims, clock: ManualClock
) -> None:
    storage = ClaimStorage(claim=claims.claim, clock=clock, has_free_slot=lambda _claimed: False)
    storage.open()
    storage._next_due = clock.now() - timedelta(seconds=1)
    assert storage._seconds_to_wait() == LONGEST_WAIT_SECONDS


def test_once_stopped_a_cron_that_waits_is_no_work(
    storage: ClaimStorage, claims: FakeClaims
) -> None:
    """Found by simulation: a box that stopped on the hour looked for work for ever."""
    storage.enqueue(b"cron")
    storage.stop()
    assert (storage.has_work, storage.dequeue()) == (False, None)


def test_once_stopped_it_neither_asks_nor_keeps_what_it_had(
    storage: ClaimStorage, claims: FakeClaims
) -> None:
    storage.open()
    storage.wake()
    storage.stop()
    claims.asked[0].set_result(Claims([A_CLAIM], None))
    storage.wake()
    assert len(claims.asked) == 1
    assert storage.left_over() == [A_CLAIM]
    assert storage.left_over() == []
