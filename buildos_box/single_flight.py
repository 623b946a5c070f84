"""Equal work that is asked for while it runs is done once."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """One function without arguments; whoever calls while it runs shares its result.

    For one event loop. A caller that is cancelled does not cancel it for the others.
    """

    def __init__(self, run: Callable[[], Awaitable[T]]) -> None:
        self._run = run
        self._running: asyncio.Task[T] | None = None

    async def __call__(self) -> T:
        """The result of a run that is going on, or of a new one. Raises what it raises."""
        if self._running is None:
            self._running = asyncio.create_task(self._once())
        return await asyncio.shield(self._running)

    async def _once(self) -> T:
        try:
            return await self._run()
        finally:
            self._running = None
