"""Threads for one kind of blocking call, so that one kind that hangs holds up no other."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")
IDLE_SECONDS = 30.0


class ThreadPool(Executor):
    """At most `threads` calls at once; those past them wait. Any thread or event loop may use it.

    Unlike those of `concurrent.futures`, its threads never keep a process from ending (a call that
    hangs in the system's resolver cannot be cancelled), and end by themselves when there was
    nothing to do for `idle_seconds`.
    """

    def __init__(self, name: str, threads: int, *, idle_seconds: float = IDLE_SECONDS) -> None:
        self._name = name
        self._most = threads
        self._idle_seconds = idle_seconds
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._idle = 0

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> "Future[T]":
        """Have it called; the future has its result."""
        future: Future[T] = Future()
        with self._lock:
            self._calls.put((future, partial(fn, *args, **kwargs)))
            if self._idle:
                self._idle -= 1
            elif self._threads < self._most:
                self._threads += 1
                threading.Thread(target=self._work, name=self._name, daemon=True).start()
        return future

    async def run(self, call: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """The call's result. Who stops waiting for it does not stop it."""
        return await asyncio.get_running_loop().run_in_executor(
            self, partial(call, *args, **kwargs)
        )

    def _work(self) -> None:
        while True:
            try:
                future, call = self._calls.get(timeout=self._idle_seconds)
            except Empty:
                if self._ends():
                    return
                continue
            if future.set_running_or_notify_cancel():
                _run(future, call)
            del future, call
            with self._lock:
                if self._calls.empty():
                    self._idle += 1

    def _ends(self) -> bool:
        with self._lock:
            if not self._calls.empty():
                return False
            self._threads -= 1
            self._idle = max(0, self._idle - 1)
            return True


def _run(future: "Future[Any]", call: Callable[[], Any]) -> None:
    try:
        result = call()
    except BaseException as error:
        future.set_exception(error)
    else:
        future.set_result(result)
