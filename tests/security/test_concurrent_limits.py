"""Limits hold when everything comes at once, and no wrong token locks a right one out.

A box served over real sockets, its clock moved by hand, so that nothing refills meanwhile.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from buildos_box.settings import Settings
from buildos_box.settings.limits import LimitsSettings
from tests.realtime.streams import Live, served

WRONG = "bos_aaaaaaaaaaaaaaaa_" + "a" * 32
FAILURES, STREAMS = 20, 20


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[Live]:
    # Another limit than those looked at here would come first.
    settings = Settings(limits=LimitsSettings(requests_in_flight_per_token=1_000))
    async with served(tmp_path / "data", settings=settings) as found:
        yield found


@pytest.fixture
async def crowd(live: Live) -> AsyncIterator[httpx.AsyncClient]:
    """A client with as many connections as it likes."""
    limits = httpx.Limits(max_connections=400)
    async with httpx.AsyncClient(
        base_url=live.http.base_url, timeout=60, trust_env=False, limits=limits
    ) as client:
        yield client


async def guesses(crowd: httpx.AsyncClient, count: int, path: str = "/jobs") -> Counter[int]:
    async def guess(n: int) -> int:
        headers = {"Authorization": f"Bearer {WRONG[:-3]}{n:03}"}
        return (await crowd.get(path, headers=headers)).status_code

    return Counter(await asyncio.gather(*(guess(n) for n in range(count))))


async def test_two_hundred_guesses_at_once_count_one_by_one(
    live: Live, crowd: httpx.AsyncClient
) -> None:
    assert await guesses(crowd, 200) == {401: FAILURES, 429: 180}


async def test_wrong_tokens_lock_no_right_one_out(live: Live, crowd: httpx.AsyncClient) -> None:
    fresh = await live.world.token_for("user:ada")
    await guesses(crowd, 200)
    for token in (fresh, live.world.token):
        answer = await crowd.get("/me", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200
    assert (await guesses(crowd, 1)) == {429: 1}


async def test_wrong_codes_and_tickets_count_like_wrong_tokens(
    live: Live, crowd: httpx.AsyncClient
) -> None:
    await live.world.person("ada")
    code = (await live.world.post("/users/ada/sign-in-link"))["url"].partition("#sign-in=")[2]
    ticket = (await live.world.post("/users/ada/events/ticket"))["ticket"]

    async def guess(n: int) -> int:
        if n % 2:
            answer = await crowd.get(f"/users/ada/events?ticket=wrong{n}")
        else:
            page = {"X-Box-Page": "1"}
            answer = await crowd.post("/app/session", json={"code": f"wrong{n}"}, headers=page)
        return answer.status_code

    seen = Counter(await asyncio.gather(*(guess(n) for n in range(100))))
    assert seen == {401: FAILURES, 429: 80}
    # The right ones are still good, from the very same address.
    async with crowd.stream("GET", f"/users/ada/events?ticket={ticket}") as stream:
        assert stream.status_code == 200
    page = {"X-Box-Page": "1"}
    answer = await crowd.post("/app/session", json={"code": code}, headers=page)
    assert answer.status_code == 200


async def _opened(crowd: httpx.AsyncClient, path: str, token: str, count: int) -> Counter[int]:
    """The statuses of so many streams asked for at once and kept open until all are answered."""
    async with AsyncExitStack() as stack:

        async def open_one() -> int:
            headers = {"Authorization": f"Bearer {token}"}
            answer = await stack.enter_async_context(crowd.stream("GET", path, headers=headers))
            return answer.status_code

        return Counter(await asyncio.gather(*(open_one() for _ in range(count))))


async def test_fifty_streams_at_once_stop_at_the_cap(live: Live, crowd: httpx.AsyncClient) -> None:
    await live.world.person("ada")
    ada = await live.world.token_for("user:ada")
    assert await _opened(crowd, "/users/ada/events", ada, 50) == {200: STREAMS, 429: 30}
    assert live.world.box.hub.listeners <= STREAMS


async def test_the_stream_of_everything_has_a_cap_for_each_token(
    live: Live, crowd: httpx.AsyncClient
) -> None:
    viewer = await live.world.token_for("viewer")
    async with AsyncExitStack() as stack:
        headers = {"Authorization": f"Bearer {viewer}"}
        for _ in range(STREAMS):
            await stack.enter_async_context(crowd.stream("GET", "/events", headers=headers))
        refused = await crowd.get("/events", headers=headers)
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) >= 1
        # Another holder's dashboard is not hurt by it.
        async with live.stream("/events") as reader:
            assert reader.blocks
    assert await _opened(crowd, "/events", viewer, 50) == {200: STREAMS, 429: 30}


async def test_a_stream_that_ends_gives_its_place_back(
    live: Live, crowd: httpx.AsyncClient
) -> None:
    await live.world.person("ada")
    ada = await live.world.token_for("user:ada")
    for _ in range(3):
        assert await _opened(crowd, "/users/ada/events", ada, STREAMS) == {200: STREAMS}
        async with asyncio.timeout(10):
            while live.world.box.hub.listeners:
                await asyncio.sleep(0.01)


async def test_tickets_that_wait_have_a_cap(live: Live, crowd: httpx.AsyncClient) -> None:
    await live.world.person("ada")
    ada = await live.world.token_for("user:ada")

    async def one(_: int) -> int:
        headers = {"Authorization": f"Bearer {ada}"}
        return (await crowd.post("/users/ada/events/ticket", headers=headers)).status_code

    seen = Counter(await asyncio.gather(*(one(n) for n in range(120))))
    assert seen == {201: 100, 429: 20}
    live.world.clock.set("2024-10-23T08:02:00Z")
    assert await one(0) == 201
