"""What will happen, made from a seed before anything runs: people, their deeds, and the faults.

A plan is a list of plain items, so that the search for a shorter story can leave some out.
"""

from dataclasses import asdict, dataclass, field
from typing import Any

DAY = 86_400.0


@dataclass
class Item:
    """One thing that happens: `at` seconds from the start, by whom, what."""

    at: float
    do: str
    who: str = ""
    body: Any = None


@dataclass
class Plan:
    seed: int
    start: str
    days: int
    people: int
    items: list[Item] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class Options:
    """How rough the times are: how many faults a day, and how busy people are."""

    faults_a_day: float = 8.0
    deeds_a_day: float = 1.0
    thoughts: float = 1.0
    """How often they think better of it, as a multiple of that."""
    restore_every: int = 8
    """Days from one backup that will be put in place to the next; of an old box six times as
    many, since to back it up and put it back takes as long as three days of its life."""
    guests: int = 0
    """People besides, who want briefs and keep nothing here: no project, no task, no event."""
    situations: float = 0.0
    """How often a day there is one of those that chance brings about once in years."""
    zone: str | None = None
    """Where all live at first; else everywhere."""
