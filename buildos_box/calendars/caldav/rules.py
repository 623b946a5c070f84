"""Limits and times of CalDAV accounts; those of feeds hold for the rest.

The rules: docs/spec.md#caldav.
"""

from datetime import timedelta

DEBOUNCE = timedelta(seconds=5)
"""A change here is synced this long after it, together with those that follow it."""
FIRST_SECONDS = 24.0
"""Seconds for a request that adds an account: clients give up after 30."""
