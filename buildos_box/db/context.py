"""What code needs in order to write: a database and a clock."""

from typing import Protocol

from buildos_box.clock import Clock
from buildos_box.db.database import Database
from buildos_box.settings import Settings


class DbContext(Protocol):
    """A database and a clock, for code that must not depend on all services."""

    @property
    def db(self) -> Database:
        """The database."""
        ...

    @property
    def clock(self) -> Clock:
        """The clock."""
        ...

    @property
    def settings(self) -> Settings:
        """The configuration in force."""
        ...
