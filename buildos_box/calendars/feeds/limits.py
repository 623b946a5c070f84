"""Limits and times of calendar feeds.

The rules: docs/spec.md#calendar-feeds.
"""

from datetime import timedelta
from hashlib import sha256

from buildos_box.clock import Instant

REFRESH = timedelta(minutes=15)
"""The cron's interval; a feed without failures is read at every run."""
JITTER = timedelta(minutes=5)
"""Reads of feeds that are due together are spread over this span, so that no calendar server gets
all of them at once.
"""
SLOWEST = timedelta(hours=24)
READ_AGAIN = timedelta(hours=20)
"""A feed is read anew after this time even if it is unchanged, because later dates of repeating
events come into the span.
"""
BACK, AHEAD = timedelta(days=7), timedelta(days=120)
"""The span before and after now for which events are stored."""
ALARMING_FAILURES = 3
MAX_FEEDS = 20
"""Feeds of one user."""
MAX_EVENTS = 2_000
"""Events of one feed; the nearest in time are kept."""


def spread(feed_id: str, now: Instant) -> Instant:
    """When to read a feed that is due now; always the same for the same feed and minute."""
    digest = sha256(f"{feed_id}:{now:%Y%m%d%H%M}".encode()).digest()
    return now + JITTER * (int.from_bytes(digest[:4], "big") / 2**32)


def due_after_success(now: Instant) -> Instant:
    """The next due time: before the cron's next run, however late in its spread this one was."""
    return now + REFRESH - JITTER


def due_after_failure(now: Instant, failures: int, retry_after: timedelta | None) -> Instant:
    """The next due time: the delay doubles with each failure in a row, up to `SLOWEST`.

    It is not before the time that the server asked for, unless that is later than `SLOWEST`.
    """
    doublings: int = 2 ** min(failures - 1, 10)
    delay = min(SLOWEST, REFRESH * doublings)
    return now + min(SLOWEST, max(delay - JITTER, retry_after or timedelta(0)))
