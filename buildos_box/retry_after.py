"""How long an HTTP server asks to be left alone: the one reading of `Retry-After`."""

import re
from collections.abc import Mapping
from datetime import timedelta
from email.utils import parsedate_to_datetime

from buildos_box.clock import Instant

LONGEST = timedelta(days=1)
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_UNITS = {"retry-after-ms": 0.001, "retry-after": 1.0}
"""Seconds in one of what the header counts; the first one that is sent wins."""


def retry_after(headers: Mapping[str, str], now: Instant | None = None) -> timedelta | None:
    """The wait that the answer asks for, a day at most; None if it asks for none.

    `Retry-After` is seconds or a date (RFC 9110, 10.2.3). A date is read by `now`, or by the
    answer's own `Date` where the caller has no clock. `Retry-After-Ms`, which language model
    providers send, is more exact and wins. Never raises: what cannot be read counts as absent.
    """
    for name, unit in _UNITS.items():
        text = headers.get(name, "").strip()
        if _NUMBER.fullmatch(text):
            return timedelta(seconds=min(float(text) * unit, LONGEST.total_seconds()))
    until, present = _date(headers.get("retry-after", "")), now or _date(headers.get("date", ""))
    if until is None or present is None:
        return None
    return min(max(until - present, timedelta(0)), LONGEST)


def _date(text: str) -> Instant | None:
    """An HTTP date; None for what is none, or has no zone."""
    try:
        found = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo is not None else None
