"""Between the ledger and Huey's workers: who asks for claims, when, and who gets them."""

import threading
from concurrent.futures import Future
from dataclasses import replace
from datetime import timedelta

import pytest

from buildos_box.errors import TransientError
from buildos_box.jobs.claims import Claimed, Claims
from buildos_box.jobs.storage import STOP_CHECK_SECONDS, LedgerStorage, leases_in
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
)
NOTHING = Claims([], None)


class Ledger:
    """Takes the questions; the test gives the answers when it likes."""

    def __init__(self) -> None:
        self.asked: list[Future[Claims]] = []

    def claim(self) -> "Future[Claims]":
        self.asked.append(Future())
        return self.asked[-1]


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def storage(ledger: Ledger, clock: ManualClock) -> LedgerStorage:
    return LedgerStorage(claim=ledger.claim, clock=clock)


def test_nothing_is_claimed_before_there_are_workers(
    storage: LedgerStorage, ledger: Ledger
) -> None:
    storage.wake()
    assert ledger.asked == []
    storage.open()
    assert storage.dequeue() is None
    assert len(ledger.asked) == 1


def test_what_was_claimed_together_goes_to_one_worker_once(
    storage: LedgerStorage, ledger: Ledger
) -> None:
    second = replace(A_CLAIM, row_id=2, lease_token="token-2")
    storage.open()
    storage.wake()
    ledger.asked[0].set_result(Claims([A_CLAIM, second], None))
    message = storage.dequeue()
    assert message is not None
    tokens = leases_in(message)
    assert tokens == ("token-1", "token-2")
    assert storage.take(tokens) == [A_CLAIM, second]
    assert storage.take(tokens) == []


def test_news_while_an_answer_is_on_its_way_is_asked_about_after_it(
    storage: LedgerStorage, ledger: Ledger
) -> None:
    storage.open()
    for _ in range(5):
        storage.wake()
    assert len(ledger.asked) == 1
    ledger.asked[0].set_result(NOTHING)
    assert len(ledger.asked) == 2
    ledger.asked[1].set_result(NOTHING)
    assert len(ledger.asked) == 2


def test_a_due_time_that_has_come_is_news(
    storage: LedgerStorage, ledger: Ledger, clock: ManualClock
) -> None:
    storage.open()
    storage.wake()
    ledger.asked[0].set_result(Claims([], clock.now() + timedelta(minutes=5)))
    clock.advance(timedelta(minutes=5))
    assert storage.dequeue() is None
    assert len(ledger.asked) == 2


def test_after_a_claim_that_failed_it_asks_again_in_a_while(
    storage: LedgerStorage, ledger: Ledger, clock: ManualClock
) -> None:
    storage.open()
    storage.wake()
    ledger.asked[0].set_exception(TransientError("the disk is full"))
    assert len(ledger.asked) == 1
    clock.advance(timedelta(seconds=1))
    storage.dequeue()
    assert len(ledger.asked) == 2


def test_a_waiting_worker_is_woken_by_the_answer(storage: LedgerStorage, ledger: Ledger) -> None:
    storage.open()
    storage.wake()
    got: list[bytes | None] = []
    worker = threading.Thread(target=lambda: got.append(storage.dequeue()))
    worker.start()
    ledger.asked[0].set_result(Claims([A_CLAIM], None))
    worker.join(timeout=10)
    assert [leases_in(message or b"") for message in got] == [("token-1",)]


def test_with_every_slot_taken_nothing_is_asked_until_one_is_free(
    ledger: Ledger, clock: ManualClock
) -> None:
    in_flight = 0
    storage = LedgerStorage(
        claim=ledger.claim, clock=clock, has_free_slot=lambda claimed: claimed + in_flight < 1
    )
    storage.open()
    storage.wake()
    ledger.asked[0].set_result(Claims([A_CLAIM], None))
    storage.wake()
    assert len(ledger.asked) == 1, "the claim that waits for a worker has the slot"
    in_flight = len(storage.take(leases_in(storage.dequeue() or b"")))
    storage.wake()
    assert len(ledger.asked) == 1, "the attempt that runs has the slot"
    in_flight = 0
    storage.wake()
    assert len(ledger.asked) == 2


def test_a_due_time_that_comes_while_all_slots_are_taken_keeps_no_worker_spinning(
    ledger: Ledger, clock: ManualClock
) -> None:
    storage = LedgerStorage(claim=ledger.claim, clock=clock, has_free_slot=lambda _claimed: False)
    storage.open()
    storage._next_due = clock.now() - timedelta(seconds=1)
    assert storage._seconds_to_wait() == STOP_CHECK_SECONDS


def test_once_stopped_a_cron_that_waits_is_no_work(storage: LedgerStorage, ledger: Ledger) -> None:
    """Found by simulation: a box that stopped on the hour looked for work for ever."""
    storage.enqueue(b"cron")
    storage.stop()
    assert (storage.has_work, storage.dequeue()) == (False, None)


def test_once_stopped_it_neither_asks_nor_keeps_what_it_had(
    storage: LedgerStorage, ledger: Ledger
) -> None:
    storage.open()
    storage.wake()
    storage.stop()
    ledger.asked[0].set_result(Claims([A_CLAIM], None))
    storage.wake()
    assert len(ledger.asked) == 1
    assert storage.left_over() == [A_CLAIM]
    assert storage.left_over() == []
