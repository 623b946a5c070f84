"""One token's requests, however many and however costly, do not keep the others from writing."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.faults.box_process import BoxProcess
from tests.world import BoxWorld

COSTLY = 300
CHAIN = 2_000


@pytest.fixture
async def process(tmp_path: Path) -> AsyncIterator[BoxProcess]:
    with BoxProcess(tmp_path, config="[limits]\nmax_connections_per_address = 500\n") as process:
        yield process


def prepare(process: BoxProcess) -> dict[str, str]:
    """Two users, one of them with a long chain of tasks; their tokens."""
    tasks = [{"id": f"t{n}", "projectId": "long", "title": "x"} for n in range(CHAIN + COSTLY)]
    links = [{"taskId": f"t{n}", "dependsOnId": f"t{n - 1}"} for n in range(1, CHAIN)]
    process.post(
        "/sync",
        {
            "users": [{"id": "ada"}, {"id": "bob"}],
            "projects": [{"id": "long", "userId": "ada", "name": "Long"}],
            "tasks": tasks,
            "taskDependencies": links,
        },
    )
    return {
        name: process.post("/tokens", {"name": "test", "scope": f"user:{name}"})["token"]
        for name in ("ada", "bob")
    }


async def test_another_users_write_is_answered_before_the_tenth_costly_request(
    process: BoxProcess,
) -> None:
    tokens = prepare(process)
    done: list[str] = []
    limits = httpx.Limits(max_connections=COSTLY + 10)
    async with httpx.AsyncClient(
        base_url=process.url() or "", trust_env=False, timeout=120, limits=limits
    ) as http:

        async def costly(n: int) -> int:
            path = f"/tasks/t{CHAIN + n}/dependencies"
            headers = {"Authorization": f"Bearer {tokens['ada']}"}
            answer = await http.put(path, json={"dependsOn": [f"t{CHAIN - 1}"]}, headers=headers)
            if answer.status_code == 200:
                done.append("ada")
            return answer.status_code

        async def write() -> int:
            headers = {"Authorization": f"Bearer {tokens['bob']}"}
            answer = await http.post("/projects", json={"name": "Mine"}, headers=headers)
            done.append("bob")
            return answer.status_code

        asked = [asyncio.create_task(costly(n)) for n in range(COSTLY)]
        other = asyncio.create_task(write())
        statuses = await asyncio.gather(*asked)
        assert await other == 201
    assert done.index("bob") < 9
    assert set(statuses) == {200, 429}


async def test_the_ninth_request_at_once_is_told_to_come_back(box: BoxWorld) -> None:
    """The body of each keeps coming, so that none of them is over."""
    token = await box.token_for("user:ada")
    other_token = await box.token_for("user:ada")
    await box.person("ada")
    go_on = asyncio.Event()
    begun: list[None] = []

    async def slowly() -> AsyncIterator[bytes]:
        yield b'{"name": '
        begun.append(None)  # asked for the rest, so it is counted by now
        await go_on.wait()
        yield b'"Ada B"}'

    async def rename(given: str) -> httpx.Response:
        headers = {"Content-Type": "application/json"}
        return await box.call("PATCH", "/users/ada", content=slowly(), token=given, headers=headers)

    running = [asyncio.create_task(rename(token)) for _ in range(8)]
    while len(begun) < len(running) and not any(task.done() for task in running):
        await asyncio.sleep(0.01)
    for mine in (token, other_token):
        refused = await box.call("GET", "/users/ada", token=mine)
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
        assert int(refused.headers["retry-after"]) >= 1
    assert (await box.call("GET", "/users/ada")).status_code == 200
    go_on.set()
    answers = await asyncio.gather(*running)
    assert {answer.status_code for answer in answers} == {200}
    assert (await box.call("GET", "/users/ada", token=token)).status_code == 200
