"""Looks up names for users, in threads, with a time limit and a few at a time per user.

The system's resolver blocks for up to half a minute if no server answers, and cannot be cancelled.
So a look-up counts until it really ends, even if nothing waits for it any more.
"""

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import Awaitable, Callable

from buildos_box.errors import TransientError
from buildos_box.thread_pool import ThreadPool

Resolve = Callable[[str, int], Awaitable[list[str]]]
Lookup = Callable[[str, int], list[str]]
THREADS = 32
SECONDS = 3.0
PER_USER = 4


class TooManyLookups(TransientError):
    """The user has too many look-ups running."""

    code = "too_many_lookups"


def lookup_by_system(host: str, port: int) -> list[str]:
    """All addresses of a name; blocks. Raises OSError, UnicodeError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def in_own_threads(lookup: Lookup = lookup_by_system, threads: int = THREADS) -> Resolve:
    """A blocking look-up as one that can be awaited."""
    pool = ThreadPool("name-lookup", threads)

    async def resolve(host: str, port: int) -> list[str]:
        return await pool.run(lookup, host, port)

    return resolve


class Resolver:
    """Used from every event loop of the process."""

    def __init__(
        self, resolve: Resolve, *, seconds: float = SECONDS, per_user: int = PER_USER
    ) -> None:
        self._resolve = resolve
        self._seconds = seconds
        self._per_user = per_user
        self._lock = threading.Lock()
        self._running: Counter[str] = Counter()

    async def addresses(self, host: str, port: int, user_id: str | None) -> list[str]:
        """The addresses of a name, empty if it has none; `user_id` is the user who gave it, if any.

        Raises TooManyLookups, and TransientError if there is no answer in time.
        """
        self._begin(user_id)
        looking = asyncio.ensure_future(self._resolve(host, port))
        looking.add_done_callback(lambda _done: self._end(user_id))
        done, _ = await asyncio.wait({looking}, timeout=self._seconds)
        if not done:
            looking.add_done_callback(_drop_error)
            message = f"the name {host} was not found within {self._seconds:g} s"
            raise TransientError(message, code="unresolved")
        try:
            return looking.result()
        except (OSError, UnicodeError):
            return []

    def _begin(self, user_id: str | None) -> None:
        if user_id is None:
            return
        with self._lock:
            if self._running[user_id] >= self._per_user:
                message = f"{self._per_user} names are already being looked up for this user"
                raise TooManyLookups(message)
            self._running[user_id] += 1

    def _end(self, user_id: str | None) -> None:
        if user_id is None:
            return
        with self._lock:
            self._running[user_id] -= 1
            if not self._running[user_id]:
                del self._running[user_id]


def _drop_error(looking: "asyncio.Future[list[str]]") -> None:
    """Nothing waits for it any more."""
    if not looking.cancelled():
        looking.exception()
