"""How many tasks there are, of all that a user has: a brief may name more than it has read."""

import msgspec


class TaskCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Tasks by category, and some within a category."""

    overdue: int = 0
    today: int = 0
    upcoming: int = 0
    completed: int = 0
    undated: int = 0
    due_today: int = 0
    """Of those of today; the others only begin today."""
    long_late: int = 0
    """Of the overdue: by more than two weeks."""
    adrift: int = 0
    """Of the undated: in progress."""
    open: int = 0
    """All that are not done, in a category or not."""

    def of(self, category: str) -> int:
        """How many stand in one category."""
        count: int = getattr(self, category)
        return count

    @property
    def listed(self) -> int:
        """How many stand in any category."""
        return self.overdue + self.today + self.upcoming + self.completed + self.undated

    def __add__(self, other: "TaskCounts") -> "TaskCounts":
        fields = self.__struct_fields__
        return TaskCounts(**{name: getattr(self, name) + getattr(other, name) for name in fields})
