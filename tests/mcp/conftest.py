"""A box in this process, and the protocol's own client that talks to its `/mcp`."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Literal

import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

from tests.world import BoxWorld

Connect = Callable[..., AbstractAsyncContextManager[Client]]
Mode = Literal["legacy", "auto"]
SCOPES = {"ada": "user:ada", "mallory": "user:mallory", "service": "service", "viewer": "viewer"}


@pytest.fixture
async def tokens(box: BoxWorld) -> dict[str, str]:
    """A token of each scope, of a box in which Ada has the project Home."""
    for name in ("ada", "mallory"):
        await box.person(name, zone="Europe/Berlin")
    await box.sync(projects=[{"id": "home", "userId": "ada", "name": "Home"}])
    made = {name: await box.token_for(scope) for name, scope in SCOPES.items()}
    return {"admin": box.token, **made}


@pytest.fixture
def connect(box: BoxWorld, tokens: dict[str, str]) -> Connect:
    """Connects with the token of a holder."""

    @asynccontextmanager
    async def open_client(holder: str = "ada", mode: Mode = "auto") -> AsyncIterator[Client]:
        headers = {"Authorization": f"Bearer {tokens[holder]}"}
        inside = httpx2.ASGITransport(app=box.box.api)  # type: ignore[arg-type]
        async with httpx2.AsyncClient(transport=inside, headers=headers) as http:
            transport = streamable_http_client("http://127.0.0.1:8787/mcp", http_client=http)
            async with Client(transport, mode=mode, cache=None) as client:
                yield client

    return open_client


async def call(client: Client, tool: str, **arguments: Any) -> Any:
    """What the tool returns."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    return result.structured_content["data"]


async def refusal(client: Client, tool: str, **arguments: Any) -> str:
    """Why the tool refuses."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error
    return str(result.content[0].text)  # type: ignore[union-attr]
