"""What a connection does with the head of an answer that it holds back for the body."""

import asyncio
from typing import Any

from uvicorn import Config
from uvicorn.server import ServerState

from buildos_box.server.connections import ConnectionLimits, ConnectionRegistry
from buildos_box.server.protocol import LimitedProtocol


class Wire(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []

    def write(self, data: Any) -> None:
        self.written.append(bytes(data))

    def is_closing(self) -> bool:
        return False

    def close(self) -> None: ...


async def _nobody(scope: Any, receive: Any, send: Any) -> None: ...


def connected() -> tuple[LimitedProtocol, Wire]:
    config = Config(app=_nobody, lifespan="off", log_config=None)
    config.load()
    protocol = LimitedProtocol(
        ConnectionRegistry(ConnectionLimits()),
        lambda: "corr-1",
        config=config,
        server_state=ServerState(),
        app_state={},
    )
    wire = Wire()
    protocol.connection_made(wire)
    return protocol, wire


async def test_a_head_is_sent_with_the_first_part_of_its_body() -> None:
    protocol, wire = connected()
    protocol.write(b"HTTP/1.1 200 OK\r\n\r\n")
    protocol.write(b"body")
    await asyncio.sleep(0)
    assert wire.written == [b"HTTP/1.1 200 OK\r\n\r\nbody"]


async def test_a_head_without_a_body_is_sent_by_itself() -> None:
    protocol, wire = connected()
    protocol.write(b"HTTP/1.1 204 No Content\r\n\r\n")
    await asyncio.sleep(0)
    assert wire.written == [b"HTTP/1.1 204 No Content\r\n\r\n"]


async def test_nothing_is_written_to_a_connection_that_is_lost() -> None:
    protocol, wire = connected()
    protocol.write(b"HTTP/1.1 200 OK\r\n\r\n")
    protocol.connection_lost(None)
    await asyncio.sleep(0)
    assert wire.written == []
