"""Connections to a mail server, kept open from one mail to the next.

Making one costs a handshake, TLS and a login, several times what a mail itself costs. What is
kept may be dropped by the server at any time, so it is looked at before it is used again.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from weakref import WeakKeyDictionary

import aiosmtplib

ASK_AFTER_SECONDS = 5.0
"""Unused for longer than that, the server is asked (RSET) whether the connection still stands."""
MOST_MAILS = 100
"""On one connection: many servers end it after some hundred, in the middle of things."""
RESET_SECONDS = 15.0
GOODBYE_SECONDS = 2.0
TROUBLE = (aiosmtplib.SMTPException, OSError)
Connect = Callable[[], Awaitable[aiosmtplib.SMTP]]
"""Makes a connection that is ready for a mail."""


class Line:
    """One connection, and how many mails it has taken."""

    def __init__(self, client: aiosmtplib.SMTP) -> None:
        self.client = client
        self.mails = 0
        self.idle_since = 0.0
        self.timer: asyncio.TimerHandle | None = None

    async def reset(self) -> bool:
        """Make the server forget a half-done mail; false if it does not answer as it should."""
        try:
            await self.client.rset(timeout=RESET_SECONDS)
        except TROUBLE:
            return False
        return True

    def drop(self) -> None:
        """Hang up without a word: whatever state it is in is of no use."""
        self.client.close()

    async def quit(self) -> None:
        """Say goodbye; a clumsy one changes nothing."""
        try:
            with contextlib.suppress(*TROUBLE):
                await self.client.quit(timeout=GOODBYE_SECONDS)
        finally:
            self.client.close()


class Lines:
    """The connections of one event loop. Who holds `slot` may take or open one."""

    def __init__(self, connect: Connect, *, at_most: int, idle_seconds: float) -> None:
        self.slot = asyncio.Semaphore(at_most)
        self._connect = connect
        self._idle_seconds = idle_seconds
        self._loop = asyncio.get_running_loop()
        self._free: list[Line] = []
        self._leaving: set[asyncio.Task[None]] = set()

    async def take(self) -> Line | None:
        """The kept connection that was used last and still stands; None if there is none."""
        while self._free:
            line = self._free.pop()
            if line.timer is not None:
                line.timer.cancel()
            if line.client.is_connected and (
                self._loop.time() - line.idle_since < ASK_AFTER_SECONDS or await line.reset()
            ):
                return line
            line.drop()
        return None

    async def open(self) -> Line:
        """A new connection. Raises what connecting raises."""
        return Line(await self._connect())

    def keep(self, line: Line) -> None:
        """A mail has been taken: the connection is free for the next."""
        line.mails += 1
        if line.mails >= MOST_MAILS:
            self._say_goodbye(line)
        else:
            self._put_back(line)

    async def keep_after_refusal(self, line: Line) -> None:
        """The server has refused a mail: it must forget the half of it that it knows."""
        if line.client.is_connected and await line.reset():
            self._put_back(line)
        else:
            line.drop()

    def _put_back(self, line: Line) -> None:
        line.idle_since = self._loop.time()
        line.timer = self._loop.call_later(self._idle_seconds, self._retire, line)
        self._free.append(line)

    def _retire(self, line: Line) -> None:
        if line in self._free:
            self._free.remove(line)
            self._say_goodbye(line)

    def _say_goodbye(self, line: Line) -> None:
        task = self._loop.create_task(line.quit())
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def close(self) -> None:
        """Say goodbye on every connection that is free."""
        while self._free:
            line = self._free.pop()
            if line.timer is not None:
                line.timer.cancel()
            self._say_goodbye(line)
        if self._leaving:
            await asyncio.wait(self._leaving, timeout=GOODBYE_SECONDS)


class Pool:
    """Connections by event loop: a socket belongs to the loop that opened it."""

    def __init__(self, connect: Connect, *, at_most: int, idle_seconds: float) -> None:
        self._connect = connect
        self._at_most = at_most
        self._idle_seconds = idle_seconds
        self._by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, Lines] = WeakKeyDictionary()

    def here(self) -> Lines:
        """The connections of the running loop."""
        loop = asyncio.get_running_loop()
        lines = self._by_loop.get(loop)
        if lines is None:
            lines = Lines(self._connect, at_most=self._at_most, idle_seconds=self._idle_seconds)
            self._by_loop[loop] = lines
        return lines

    async def close(self) -> None:
        """Close the connections of the running loop."""
        lines = self._by_loop.pop(asyncio.get_running_loop(), None)
        if lines is not None:
            await lines.close()
