"""What an error means for the next attempt (docs/spec.md#retry-classes, #retry-backoff)."""

import sqlite3
from datetime import timedelta

import httpx
import msgspec
import pytest

from buildos_box.clock import from_text
from buildos_box.errors import (
    BoxError,
    NotFound,
    PermanentError,
    TransientError,
    Unavailable,
)
from buildos_box.jobs.retry import (
    Failure,
    GiveUp,
    RetryAt,
    RetryPolicy,
    Snooze,
    Tried,
    classify,
    decide,
    delay_after,
    retryable_status,
)

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
NOW = from_text("2024-10-23T08:00:00Z")


def answered(status: int) -> httpx.HTTPStatusError:
    request = httpx.Request("GET", "https://provider.example")
    return httpx.HTTPStatusError("no", request=request, response=httpx.Response(status))


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (
            TransientError("busy", code="smtp_421", retry_after=9 * SECOND),
            Failure("transient", "smtp_421", "busy", True, 9 * SECOND),
        ),
        (PermanentError("no", code="smtp_550"), Failure("permanent", "smtp_550", "no", False)),
        (NotFound("no user"), Failure("permanent", "not_found", "no user", False)),
        (
            BoxError("a fault of ours"),
            Failure("permanent", "internal_error", "a fault of ours", True),
        ),
        (Unavailable("full"), Failure("permanent", Unavailable.code, "full", True)),
        (TimeoutError("slow"), Failure("transient", "timeout", "slow", True)),
        (TimeoutError(), Failure("transient", "timeout", "TimeoutError", True)),
        (httpx.ReadTimeout("slow"), Failure("transient", "timeout", "slow", True)),
        (answered(503), Failure("transient", "http_503", "no", True)),
        (answered(429), Failure("transient", "http_429", "no", True)),
        (answered(404), Failure("permanent", "http_404", "no", False)),
        (httpx.ConnectError("refused"), Failure("transient", "connection", "refused", True)),
        (ConnectionResetError("reset"), Failure("transient", "connection", "reset", True)),
        (
            sqlite3.OperationalError("database is locked"),
            Failure("transient", "database_busy", "database is locked", True),
        ),
        (msgspec.ValidationError("bad"), Failure("permanent", "malformed", "bad", False)),
        (KeyError("x"), Failure("unknown", "KeyError", "'x'", True)),
        (RuntimeError(), Failure("unknown", "RuntimeError", "RuntimeError", True)),
    ],
)
def test_the_type_of_an_error_decides(error: BaseException, failure: Failure) -> None:
    assert classify(error) == failure


def test_what_is_stored_of_an_error_tells_no_phone_number() -> None:
    assert "+14155552671" not in classify(PermanentError("no SMS to +14155552671")).message


@pytest.mark.parametrize(
    ("status", "repeat"),
    [
        *((status, True) for status in (408, 425, 429, 500, 502, 503, 599)),
        *((status, False) for status in (200, 400, 401, 404, 409, 424, 426, 430, 499)),
    ],
)
def test_a_status_that_passes_by_itself_is_worth_another_try(status: int, repeat: bool) -> None:
    assert retryable_status(status) is repeat


@pytest.mark.parametrize(
    ("attempt", "jitter", "seconds"),
    [(0, 0.0, 1.0), (1, 0.0, 2.0), (3, 0.0, 8.0), (3, 0.5, 8.4), (3, 1.0, 8.8), (99, 1.0, 3600.0)],
)
def test_a_pause_doubles_with_up_to_a_tenth_more(
    attempt: int, jitter: float, seconds: float
) -> None:
    assert delay_after(attempt, base=SECOND, jitter=jitter) == timedelta(seconds=seconds)


def test_by_default_attempts_are_counted_and_no_pause_is_longer_than_an_hour() -> None:
    policy = RetryPolicy()
    assert (policy.deadline(NOW, None, None), policy.longest_delay) == (None, HOUR)


def test_a_snooze_says_until_when_and_why() -> None:
    snooze = Snooze(NOW, "quiet hours")
    assert (snooze.until, snooze.reason, str(snooze)) == (NOW, "quiet hours", "quiet hours")


def decided(
    failure: Failure, *, number: int = 1, deferred: int = 0, until: timedelta | None = None
) -> RetryAt | GiveUp:
    return decide(
        failure,
        Tried(number, deferred, 3),
        longest_delay=HOUR,
        until=NOW + until if until is not None else None,
        now=NOW,
        base=SECOND,
        jitter=0,
    )


@pytest.mark.parametrize(
    ("number", "deferred", "again"),
    [(1, 0, True), (2, 0, True), (3, 0, False), (4, 1, False), (4, 2, True), (5, 2, False)],
)
def test_attempts_that_count_are_made_up_to_the_most(
    number: int, deferred: int, again: bool
) -> None:
    unforeseen = Failure("unknown", "KeyError", "x", True)
    assert isinstance(decided(unforeseen, number=number, deferred=deferred), RetryAt) is again


def test_a_wait_that_is_asked_for_counts_only_if_it_is_longer_than_ours() -> None:
    for asked, wait in ((SECOND, 8 * SECOND), (9 * SECOND, 9 * SECOND)):
        busy = Failure("transient", "http_429", "later", True, asked)
        assert decided(busy, number=3, deferred=3) == RetryAt(NOW + wait)


def test_a_wait_that_is_asked_for_may_end_with_the_last_moment_for_a_try() -> None:
    busy = Failure("transient", "http_429", "later", True, 45 * SECOND)
    assert decided(busy, until=60 * SECOND) == RetryAt(NOW + 45 * SECOND, NOW + 60 * SECOND)
    assert decided(busy, until=59 * SECOND) == GiveUp()


def test_no_try_is_made_at_the_moment_that_has_just_failed() -> None:
    busy = Failure("transient", "busy", "busy", True)
    assert decided(busy, until=15 * SECOND) == GiveUp()
    just = timedelta(seconds=15, milliseconds=1)
    assert decided(busy, until=just) == RetryAt(NOW + timedelta(milliseconds=1), NOW + just)
