"""Equal work at the same time is done once."""

import asyncio

import pytest

from buildos_box.single_flight import SingleFlight


class Work:
    def __init__(self, error: Exception | None = None) -> None:
        self.runs = 0
        self.go = asyncio.Event()
        self._error = error

    async def __call__(self) -> int:
        self.runs += 1
        await self.go.wait()
        if self._error:
            raise self._error
        return self.runs


async def test_calls_at_the_same_time_share_a_run_and_later_ones_run_anew() -> None:
    work = Work()
    flight = SingleFlight(work)
    calls = [asyncio.create_task(flight()) for _ in range(5)]
    await asyncio.sleep(0)
    work.go.set()
    assert await asyncio.gather(*calls) == [1] * 5
    assert await flight() == 2


async def test_each_caller_gets_the_error_and_the_next_call_runs_anew() -> None:
    work = Work(OSError("full"))
    flight = SingleFlight(work)
    calls = [asyncio.create_task(flight()) for _ in range(3)]
    await asyncio.sleep(0)
    work.go.set()
    found = await asyncio.gather(*calls, return_exceptions=True)
    assert [str(error) for error in found] == ["full"] * 3
    with pytest.raises(OSError, match="full"):
        await flight()
    assert work.runs == 2


async def test_a_caller_that_is_cancelled_takes_the_result_from_nobody() -> None:
    work = Work()
    flight = SingleFlight(work)
    first, second = asyncio.create_task(flight()), asyncio.create_task(flight())
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    work.go.set()
    assert await second == 1
    assert first.cancelled()
