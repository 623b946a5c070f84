"""The server for a local assistant, over standard input and output."""

import asyncio

import httpx
from mcp.server.stdio import stdio_server

from buildos_box.mcp.rest import Rest
from buildos_box.mcp.server import make_server

SECONDS = 60.0


def serve_stdio(url: str, token: str | None) -> None:
    """Answer messages until the input ends; the tools call the server at `url`."""
    asyncio.run(_serve(url, token))


async def _serve(url: str, token: str | None) -> None:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        httpx.AsyncClient(
            base_url=url, headers=headers, timeout=SECONDS, trust_env=False
        ) as client,
        stdio_server() as (reading, writing),
    ):
        server = make_server(Rest(client))
        await server.run(reading, writing, server.create_initialization_options())
