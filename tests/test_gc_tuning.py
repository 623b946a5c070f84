"""What a process gives back when it comes to rest."""

import asyncio

import pytest

from buildos_box.gc_tuning import give_back_at_rest

EVERY = 0.001


async def given_back(shares: list[float]) -> int:
    """How often something is given back, with such shares of a core used between the looks."""
    calls, total = 0, 0.0
    to_come = iter([*shares, 0.0, 0.0, 0.0])
    over = asyncio.Event()

    def used() -> float:
        nonlocal total
        share = next(to_come, None)
        if share is None:
            over.set()
        else:
            total += share * EVERY
        return total

    async def shrink() -> None:
        nonlocal calls
        calls += 1

    task = asyncio.create_task(give_back_at_rest(shrink, every=EVERY, used=used))
    await asyncio.wait_for(over.wait(), 10)
    task.cancel()
    return calls


@pytest.mark.parametrize(
    ("shares", "times"),
    [
        pytest.param([0.5], 1, id="after the start"),
        pytest.param([0.5, 0.01, 0.01, 0.01, 0.01], 1, id="once only"),
        pytest.param([0.01, 0.01], 0, id="never without work"),
        pytest.param([0.5, 0.5, 0.5], 1, id="not during work"),
        pytest.param([0.5, 0.0, 0.0, 0.4, 0.0], 2, id="again after more work"),
    ],
)
async def test_memory_is_given_back_once_after_each_time_of_work(
    shares: list[float], times: int
) -> None:
    assert await given_back(shares) == times
