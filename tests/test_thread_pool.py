"""Threads for one kind of call."""

import asyncio
import threading

import pytest

from buildos_box.thread_pool import ThreadPool


async def test_no_more_calls_run_at_once_than_there_are_threads() -> None:
    pool, let_go = ThreadPool("test", 3), threading.Event()
    running: list[int] = []

    def call(n: int) -> int:
        running.append(n)
        let_go.wait(10)
        return n

    calls = [asyncio.ensure_future(pool.run(call, n)) for n in range(10)]
    while len(running) < 3:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    assert running == [0, 1, 2]
    let_go.set()
    assert await asyncio.gather(*calls) == list(range(10))


async def test_what_a_call_raises_comes_back_and_the_thread_goes_on() -> None:
    pool = ThreadPool("test", 1)
    with pytest.raises(ZeroDivisionError):
        await pool.run(lambda: 1 // 0)
    assert await pool.run(lambda: 7) == 7


async def test_who_stops_waiting_before_a_thread_is_free_has_nothing_done() -> None:
    pool, let_go = ThreadPool("test", 1), threading.Event()
    done: list[str] = []
    first = asyncio.ensure_future(pool.run(let_go.wait, 10))
    await asyncio.sleep(0.01)
    second = asyncio.ensure_future(pool.run(done.append, "second"))
    await asyncio.sleep(0.01)
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    let_go.set()
    await first
    await pool.run(done.append, "third")
    assert done == ["third"]


async def test_its_threads_bear_its_name_and_keep_no_process_from_ending() -> None:
    thread = await ThreadPool("look-ups", 1).run(threading.current_thread)
    assert (thread.name, thread.daemon) == ("look-ups", True)


async def test_an_idle_thread_ends_and_another_takes_its_place() -> None:
    pool = ThreadPool("test", 1, idle_seconds=0.01)
    for _ in range(3):
        thread = await pool.run(threading.current_thread)
        await asyncio.to_thread(thread.join, 10)
        assert not thread.is_alive()
    second = threading.Event()
    beside = pool.submit(second.wait, 0.2)
    pool.submit(second.set)
    # The one thread that there may be again is taken.
    assert not await asyncio.wrap_future(beside)
