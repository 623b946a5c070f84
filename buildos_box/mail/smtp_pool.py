"""Connections to a mail server, kept open between mails.

Connecting costs a handshake, TLS and a login, several times as much as a mail. The server may close
a kept connection at any time, so it is checked before it is used again.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from weakref import WeakKeyDictionary

import aiosmtplib

ASK_AFTER_SECONDS = 5.0
"""After so many seconds without use the server is asked (RSET) whether the connection works."""
MOST_MAILS = 100
"""Mails per connection: many servers end one after some hundred, possibly within a mail."""
RESET_SECONDS = 15.0
QUIT_SECONDS = 2.0
TROUBLE = (aiosmtplib.SMTPException, OSError)
Connect = Callable[[], Awaitable[aiosmtplib.SMTP]]
"""Makes a connection that is ready for a mail."""


class Line:
    """One connection, and the number of its mails."""

    def __init__(self, client: aiosmtplib.SMTP) -> None:
        self.client = client
        self.mails = 0
        self.idle_since = 0.0
        self.timer: asyncio.TimerHandle | None = None

    async def reset(self) -> bool:
        """Make the server forget an unfinished mail; False if it does not answer properly."""
        try:
            await self.client.rset(timeout=RESET_SECONDS)
        except TROUBLE:
            return False
        return True

    def drop(self) -> None:
        """Close the connection without QUIT, because its state is not known."""
        self.client.close()

    async def quit(self) -> None:
        """Close the connection with QUIT; errors are ignored."""
        try:
            with contextlib.suppress(*TROUBLE):
                await self.client.quit(timeout=QUIT_SECONDS)
        finally:
            self.client.close()


class Lines:
    """The connections of one event loop. Holding `slot` allows to take or open one."""

    def __init__(self, connect: Connect, *, at_most: int, idle_seconds: float) -> None:
        self.slot = asyncio.Semaphore(at_most)
        self._connect = connect
        self._idle_seconds = idle_seconds
        self._loop = asyncio.get_running_loop()
        self._free: list[Line] = []
        self._closing: set[asyncio.Task[None]] = set()

    async def take(self) -> Line | None:
        """The working connection that was used last; None if there is none."""
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
        """Keep a connection after a mail was accepted."""
        line.mails += 1
        if line.mails >= MOST_MAILS:
            self._quit_in_background(line)
        else:
            self._put_back(line)

    async def keep_after_refusal(self, line: Line) -> None:
        """Keep a connection after a refusal, once the server has forgotten the unfinished mail."""
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
            self._quit_in_background(line)

    def _quit_in_background(self, line: Line) -> None:
        task = self._loop.create_task(line.quit())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """Close all free connections."""
        while self._free:
            line = self._free.pop()
            if line.timer is not None:
                line.timer.cancel()
            self._quit_in_background(line)
        if self._closing:
            await asyncio.wait(self._closing, timeout=QUIT_SECONDS)


class Pool:
    """The connections of each event loop, since a socket belongs to the loop that opened it."""

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
