"""What becomes of a task and its to-do that were changed since they were the same.

Each field by itself: what changed on one side goes to the other; where both changed, the newer side
wins, and what the other held is told. The rules: docs/spec.md#caldav-conflicts.
"""

from dataclasses import dataclass, field
from typing import Any

FIELDS = ("title", "description", "done", "due", "priority")
Values = dict[str, Any]
"""The values of `FIELDS`; `due` is a day or an instant, as the API writes it, or None."""


@dataclass(slots=True)
class Merged:
    """What to write here, what `here` was at the point where both are the same, and what was lost.

    A field that differs from `base` still has to be sent to the server.
    """

    to_here: Values = field(default_factory=dict)
    base: Values = field(default_factory=dict)
    lost: Values = field(default_factory=dict)
    """The values of the side that was not the newer one."""


def merge(
    before_here: Values | None,
    before_there: Values | None,
    here: Values,
    there: Values,
    *,
    here_is_newer: bool,
) -> Merged:
    """The merger; the values before are None for two that meet for the first time."""
    merged = Merged()
    for name in FIELDS:
        mine, theirs = here[name], there[name]
        changed_there = before_there is None or theirs != before_there[name]
        changed_here = before_here is None or mine != before_here[name]
        if not changed_there and before_here is not None:
            merged.base[name] = before_here[name]
        elif mine == theirs:
            merged.base[name] = mine
        elif not changed_here:
            merged.to_here[name] = merged.base[name] = theirs
        elif here_is_newer:
            merged.lost[name], merged.base[name] = theirs, theirs
        else:
            merged.lost[name] = mine
            merged.to_here[name] = merged.base[name] = theirs
    return merged
