"""How often Python's cyclic garbage collector runs, and when freed memory is given back."""

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

LOOK_EVERY_SECONDS = 5.0
REST = 0.02
"""Of one core: with less the process is at rest."""


def disable_during_start() -> None:
    """Turn the collector off while the process starts, since everything that is loaded stays."""
    gc.disable()


def freeze_after_start() -> None:
    """Call once everything is loaded and open: exempt it from collection, and collect rarely.

    Jobs create many objects and few cycles; with Python's defaults a twentieth of the queue's time
    would go into scanning what was loaded at start. What is garbage by then is little, and finding
    it would take a twentieth of the start.
    """
    gc.freeze()
    gc.set_threshold(10_000, 10, 20)
    gc.enable()


def give_back_memory() -> None:
    """Give freed memory back to the system, which glibc does by itself only from one end of it.

    For after work that needed much and is rare; some milliseconds. Elsewhere than on glibc it does
    nothing.
    """
    import ctypes

    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


async def give_back_at_rest(
    shrink: Callable[[], Awaitable[None]],
    *,
    every: float = LOOK_EVERY_SECONDS,
    used: Callable[[], float] = time.process_time,
) -> None:
    """Each time that the process comes to rest, give back what its work has left. Never returns.

    `shrink` empties caches; `used` is the processor time of the process, looked at every `every`
    seconds.
    """
    last, worked = 0.0, False
    while True:
        await asyncio.sleep(every)
        now = used()
        if now - last > REST * every:
            worked = True
        elif worked:
            worked = False
            await shrink()
            await asyncio.to_thread(_collect)
            now = used()
        last = now


def _collect() -> None:
    gc.collect()
    give_back_memory()
