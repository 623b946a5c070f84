from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Literal

import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

from tests.cli.served import Cli, Served, served_box

Connect = Callable[..., AbstractAsyncContextManager[Client]]
Mode = Literal["legacy", "auto"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with served_box(tmp_path_factory.mktemp("box")) as box:
        yield box


@pytest.fixture(scope="module")
def tokens(served: Served) -> dict[str, str]:
    """A token of each scope, of a box in which Ada has the project Home."""
    cli = Cli(served.url, served.token)
    for name in ("Ada", "Mallory"):
        cli.ok("user", "add", name, "--id", name.lower(), "--timezone", "Europe/Berlin")
    cli.ok("project", "add", "Home", "--id", "home", "--user", "ada")
    scopes = {
        "ada": "user:ada",
        "mallory": "user:mallory",
        "service": "service",
        "viewer": "viewer",
    }
    with cli.client() as client:
        made = {
            name: client.post("/tokens", {"name": name, "scope": scope})["token"]
            for name, scope in scopes.items()
        }
    return {"admin": served.token, **made}


@pytest.fixture
def connect(served: Served, tokens: dict[str, str]) -> Connect:
    """Connects the protocol's own client over HTTP, with the token of a holder."""

    @asynccontextmanager
    async def open_client(holder: str = "ada", mode: Mode = "auto") -> AsyncIterator[Client]:
        headers = {"Authorization": f"Bearer {tokens[holder]}"}
        async with httpx2.AsyncClient(headers=headers, trust_env=False, timeout=60) as http:
            transport = streamable_http_client(f"{served.url}/mcp", http_client=http)
            async with Client(transport, mode=mode, cache=None) as client:
                yield client

    return open_client
