"""Lanes: which job types run side by side, and how many jobs.

Pure functions: from what runs now they compute which lanes may start one more job.

The rules: docs/spec.md#lanes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane's limits: concurrent jobs, jobs of one user while others wait, starts per minute."""

    name: str
    concurrency: int
    per_user: int
    per_minute: int | None = None

    @classmethod
    def of(
        cls,
        name: str,
        concurrency: int,
        per_user: int | None = None,
        per_minute: int | None = None,
    ) -> "Lane":
        """A lane; without `per_user`, one user gets half of its slots, at least one."""
        return cls(name, concurrency, per_user or max(1, concurrency // 2), per_minute)


@dataclass(slots=True)
class Running:
    """The number of running jobs, by lane and by lane and user."""

    by_lane: dict[str, int] = field(default_factory=dict)
    by_user: dict[tuple[str, str], int] = field(default_factory=dict)
    total: int = 0
    suspects: int = 0
    """Running jobs that have lost their worker before, at most one (docs/spec.md#lost-workers)."""

    def add(self, lane: str, user: str | None, count: int = 1) -> int:
        """Count more jobs of the lane and user; returns the user's number in that lane."""
        self.total += count
        self.by_lane[lane] = self.by_lane.get(lane, 0) + count
        if user is None:
            return 0
        self.by_user[lane, user] = theirs = self.by_user.get((lane, user), 0) + count
        return theirs


def open_lanes(
    lanes: Mapping[str, Lane], running: Running, workers: int, closed: frozenset[str]
) -> list[Lane]:
    """The lanes that may start one more job now.

    Every lane with nothing running keeps one worker in reserve, so that no other lane blocks it.
    """
    free = workers - running.total
    if free <= 0:
        return []
    idle = {name for name in lanes if not running.by_lane.get(name) and name not in closed}
    found = []
    for lane in lanes.values():
        if lane.name in closed or running.by_lane.get(lane.name, 0) >= lane.concurrency:
            continue
        if lane.name in idle or free > len(idle):
            found.append(lane)
    return found


def users_at_their_share(lane: Lane, running: Running) -> list[str]:
    """The users who hold as many slots of the lane as one user may while others wait."""
    return sorted(
        user
        for (name, user), count in running.by_user.items()
        if name == lane.name and count >= lane.per_user
    )
