"""Limits and times of CalDAV accounts; those of feeds hold for the rest.

The rules: docs/spec.md#caldav.
"""

from datetime import timedelta

DEBOUNCE = timedelta(seconds=5)
"""A change here is synced this long after it, together with those that follow it."""
FIRST_SECONDS = 24.0
"""Seconds for a request that adds an account: clients give up after 30."""
MAX_LISTS = 10
"""Lists of one user whose to-dos are tasks."""
MAX_TODOS = 2_000
"""To-dos of one list."""
MAX_TODO_CHARS = 64 * 1024
AT_ONCE = 50
"""To-dos that are fetched with one request."""
MOST_WRITES = 200
"""To-dos that one sync writes; the next one follows at once."""
ROUNDS = 3
"""How often a sync fetches and tries again what has changed at the server meanwhile."""
