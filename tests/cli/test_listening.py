"""Connections: small answers leave at once, and those that rest are kept open."""

import asyncio
import socket
import time

import httpx
import pytest

from buildos_box.serve import listen
from tests.cli.served import Served


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_answers_do_not_wait_for_the_reader_to_confirm(host: str) -> None:
    try:
        listening = listen(host, 0)
    except OSError:
        pytest.skip(f"no {host} here")
    delays: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        option = (socket.IPPROTO_TCP, socket.TCP_NODELAY)
        delays.set_result(writer.get_extra_info("socket").getsockopt(*option))
        writer.close()

    server = await asyncio.start_server(serve, sock=listening)
    async with server:
        _, writer = await asyncio.open_connection(*listening.getsockname()[:2])
        assert await asyncio.wait_for(delays, 5)
        writer.close()


def test_a_connection_that_rests_for_a_while_is_kept(served: Served) -> None:
    with httpx.Client(base_url=served.url, trust_env=False, timeout=10) as http:
        stream = http.get("/health").extensions["network_stream"]
        # Until httpx and its like would have let go of it by themselves.
        time.sleep(5.5)
        assert not stream.get_extra_info("is_readable")
