"""What a rule that writes needs of the box, for rooms that may not know the whole of it."""

from typing import Protocol

from buildos_box.clock import Clock
from buildos_box.db.database import Database


class DbContext(Protocol):
    """Where things are kept, and when they happen."""

    @property
    def db(self) -> Database:
        """Where they are kept."""
        ...

    @property
    def clock(self) -> Clock:
        """When they happen."""
        ...
