"""Reads of the whole database whose answer is kept until something is committed."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from buildos_box.db.database import Database

T = TypeVar("T")


class PerCommit(Generic[T]):
    """One read without arguments, which must depend on nothing but the database.

    For one event loop. Those who ask at once share one read; nobody gets an answer that was read
    before a commit that had been acknowledged when they asked. A caller that is cancelled does not
    cancel it for the others.
    """

    def __init__(self, db: Database, read: Callable[[], Awaitable[T]]) -> None:
        self._db = db
        self._read = read
        self._of: int | None = None
        """The number of commits at which the newest read began."""
        self._reading: asyncio.Future[T] | None = None

    async def __call__(self) -> T:
        """The answer. Raises what the read raises, to those who shared it."""
        reading, commits = self._reading, self._db.commits
        if reading is None or self._of != commits or _failed(reading):
            self._of = commits
            reading = self._reading = asyncio.ensure_future(self._read())
        return reading.result() if reading.done() else await asyncio.shield(reading)


def _failed(reading: "asyncio.Future[T]") -> bool:
    return reading.done() and (reading.cancelled() or reading.exception() is not None)
