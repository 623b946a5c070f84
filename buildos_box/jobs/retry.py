"""Whether and when a failed attempt is tried again; the exception's type decides, not its text.

The rules: docs/spec.md#retry-backoff.
"""

import asyncio
import sqlite3
from dataclasses import dataclass
from datetime import timedelta

import httpx
import msgspec

from buildos_box.clock import Instant, truncate
from buildos_box.errors import BoxError, PermanentError, TransientError
from buildos_box.log import redact

LONGEST_DELAY = timedelta(hours=1)
LAST_TRY_BEFORE_END = timedelta(seconds=15)
"""How long before the end of a time limit the last try is made."""
RETRYABLE_STATUS = frozenset({408, 425, 429})
JITTER = 0.1


class Snooze(Exception):
    """Raised by a job to go back to pending until a later time, with no attempt counted."""

    def __init__(self, until: Instant, reason: str) -> None:
        super().__init__(reason)
        self.until = until
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong with an attempt, as it is stored.

    `retryable` is for `decide`: whether another attempt could end otherwise.
    """

    kind: str
    code: str
    message: str
    retryable: bool = False
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long a failing job is tried again.

    With `retry_for` transient failures are retried that long from the first one on, and not past
    the job's expiry, however many attempts that takes; unknown errors still count against
    `max_attempts`. `longest_delay` caps the growing delay between attempts.
    """

    retry_for: timedelta | None = None
    longest_delay: timedelta = LONGEST_DELAY

    def deadline(
        self, now: Instant, stored: Instant | None, expires_at: Instant | None
    ) -> Instant | None:
        """Until when a transient failure of now is retried; None if attempts are counted."""
        if self.retry_for is None:
            return None
        until = stored or now + self.retry_for
        return min(until, expires_at) if expires_at else until


@dataclass(frozen=True, slots=True)
class Tried:
    """What a job has behind it: `number` attempts, of which `deferred` are not counted.

    `max_attempts` bounds those that are.
    """

    number: int
    deferred: int
    max_attempts: int


@dataclass(frozen=True, slots=True)
class RetryAt:
    """Try again at that instant; if `until` is given, until then however often it fails."""

    at: Instant
    until: Instant | None = None


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Do not try again: the job has failed."""


def retryable_status(status: int) -> bool:
    """Whether a request that got this HTTP status may be repeated."""
    return status in RETRYABLE_STATUS or status >= 500


def classify(error: BaseException) -> Failure:
    """The failure that an exception's type means; an unknown type is retried.

    The message is redacted, because it is stored and shown, and providers quote phone numbers and
    keys.
    """
    message = redact(str(error)) or type(error).__name__
    match error:
        case TransientError():
            return Failure("transient", error.code, message, True, error.retry_after)
        case PermanentError():
            return Failure("permanent", error.code, message)
        case BoxError():
            return Failure("permanent", error.code, message, error.status >= 500)
        case TimeoutError() | asyncio.TimeoutError():
            return Failure("transient", "timeout", message, True)
        case ConnectionError():
            return Failure("transient", "connection", message, True)
        case sqlite3.OperationalError():
            return Failure("transient", "database_busy", message, True)
        case msgspec.ValidationError():
            return Failure("permanent", "malformed", message)
        # Last, because to ask for these loads the library.
        case httpx.TimeoutException():
            return Failure("transient", "timeout", message, True)
        case httpx.HTTPStatusError():
            status = error.response.status_code
            kind = "transient" if retryable_status(status) else "permanent"
            return Failure(kind, f"http_{status}", message, retryable_status(status))
        case httpx.TransportError():
            return Failure("transient", "connection", message, True)
        case _:
            return Failure("unknown", type(error).__name__, message, True)


def delay_after(
    attempt: int, *, base: timedelta, jitter: float, longest: timedelta = LONGEST_DELAY
) -> timedelta:
    """`base * 2 ** attempt` plus up to 10 % (`jitter` from 0 to 1 scales it), up to `longest`."""
    doubled: timedelta = base * 2 ** min(attempt, 32)
    return min(doubled * (1 + JITTER * jitter), longest)


def decide(
    failure: Failure,
    tried: Tried,
    *,
    longest_delay: timedelta,
    until: Instant | None,
    now: Instant,
    base: timedelta,
    jitter: float,
) -> RetryAt | GiveUp:
    """Retry or give up. A provider's `Retry-After` wins when it is longer than our delay.

    `until` bounds transient failures by time instead of by their number.
    """
    if not failure.retryable:
        return GiveUp()
    asked = failure.retry_after or timedelta(0)
    own = delay_after(tried.number, base=base, jitter=jitter, longest=longest_delay)
    at = truncate(now + max(own, asked))
    if failure.kind == "transient" and until is not None:
        return _in_time(at, not_before=now + asked, now=now, until=until)
    return RetryAt(at) if tried.number - tried.deferred < tried.max_attempts else GiveUp()


def _in_time(at: Instant, *, not_before: Instant, now: Instant, until: Instant) -> RetryAt | GiveUp:
    """At that time, or for the last time shortly before the end if that is sooner."""
    last = truncate(until - LAST_TRY_BEFORE_END)
    at = min(at, last)
    return RetryAt(at, until) if at > now and at >= not_before else GiveUp()
