"""Daily briefs that have nothing to tell are not sent (docs/spec.md#brief-empty)."""

from buildos_box.db import Tx
from buildos_box.workspace import store as workspace
from buildos_box.workspace.model import Preferences
from buildos_box.workspace.store import DayQuery

NOTHING_TO_TELL = "nothing_to_tell"
"""Why such a brief is neither mailed nor notified of."""


def is_empty(projects: int, events: int) -> bool:
    """Whether a day with so many active projects and events is one without anything to tell."""
    return not projects and not events


def is_empty_day(tx: Tx, query: DayQuery) -> bool:
    """Whether that day is one, on today's data."""
    size = workspace.find_day_size(tx, query)
    return is_empty(size["projects"], size["events"])


def why_not_sent(preferences: Preferences | None, *, empty: bool) -> str | None:
    """The reason if a daily brief, `empty` or not, is written but not sent; None if it is sent.

    Users may ask for those of empty days too (`sendEmptyBriefs`).
    """
    wanted = preferences is not None and preferences.send_empty_briefs
    return NOTHING_TO_TELL if empty and not wanted else None
