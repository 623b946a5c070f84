"""A client that is made at the first request, so that a box that never asks anybody loads none."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import httpx


class _LazyClient:
    """Stands for a client. Any thread may use it."""

    def __init__(self, make: "Callable[[], httpx.AsyncClient]") -> None:
        self._make = make
        self._made: httpx.AsyncClient | None = None
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        with self._lock:
            if self._made is None:
                self._made = self._make()
        return getattr(self._made, name)

    async def aclose(self) -> None:
        """Close the client, if there is one."""
        if self._made is not None:
            await self._made.aclose()


def made_at_first_use(make: "Callable[[], httpx.AsyncClient]") -> "httpx.AsyncClient":
    """What `make` returns, made when something of it is asked for."""
    return cast("httpx.AsyncClient", _LazyClient(make))
