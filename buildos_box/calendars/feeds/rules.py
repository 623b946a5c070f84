"""What holds of calendar feeds: addresses, when they are read, how far ahead.

The rules: docs/spec.md#calendar-feeds.
"""

from datetime import timedelta
from hashlib import sha256

from buildos_box.clock import Instant

REFRESH = timedelta(minutes=15)
"""How often the cron looks; a feed is read every time while all is well."""
JITTER = timedelta(minutes=5)
"""Feeds that are due together are spread over this, so that no calendar server gets them all."""
SLOWEST = timedelta(hours=24)
READ_AGAIN = timedelta(hours=20)
"""Even an unchanged feed is read anew by then: its repeating events go on, day by day."""
BACK, AHEAD = timedelta(days=7), timedelta(days=120)
"""The span for which events are kept."""
ALARMING_FAILURES = 3
MAX_FEEDS = 20
"""Of one user."""
MAX_EVENTS = 2_000
"""Of one feed; the nearest in time are kept."""


def spread(feed_id: str, now: Instant) -> Instant:
    """When a feed that is due now is to be read: the same for the same feed and minute."""
    digest = sha256(f"{feed_id}:{now:%Y%m%d%H%M}".encode()).digest()
    return now + JITTER * (int.from_bytes(digest[:4], "big") / 2**32)


def due_after_success(now: Instant) -> Instant:
    """In time for the cron's next look, however late in its spread this one was."""
    return now + REFRESH - JITTER


def due_after_failure(now: Instant, failures: int, retry_after: timedelta | None) -> Instant:
    """Twice as long after each failure in a row, up to a day; not before the server asks for it."""
    doublings: int = 2 ** min(failures - 1, 10)
    delay = min(SLOWEST, REFRESH * doublings)
    return now + min(SLOWEST, max(delay - JITTER, retry_after or timedelta(0)))
