"""A connection of the server without a network: bytes are put in, and what it writes is kept."""

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn import Config
from uvicorn.server import ServerState

from buildos_box.server.connections import ConnectionLimits, ConnectionRegistry
from buildos_box.server.protocol import LimitedProtocol

App = Callable[[Any, Any, Any], Any]


class Wire(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self, address: str = "192.0.2.1") -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.done: list[str] = []
        self.unread = 0
        self._address = address

    @property
    def text(self) -> str:
        """All that was written."""
        return b"".join(self.written).decode()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return (self._address, 4321) if name == "peername" else default

    def write(self, data: Any) -> None:
        self.written.append(bytes(data))

    def get_write_buffer_size(self) -> int:
        return self.unread

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.done.append("ended")

    def is_closing(self) -> bool:
        return bool({"closed", "aborted"} & set(self.done))

    def close(self) -> None:
        self.done.append("closed")

    def abort(self) -> None:
        self.done.append("aborted")

    def pause_reading(self) -> None:
        self.done.append("paused")

    def resume_reading(self) -> None:
        self.done.append("resumed")


async def _nobody(scope: Any, receive: Any, send: Any) -> None: ...


def connected(
    app: App = _nobody, registry: ConnectionRegistry | None = None
) -> tuple[LimitedProtocol, Wire]:
    """A connection that has just been made."""
    config = Config(app=app, lifespan="off", log_config=None)
    config.load()
    protocol = LimitedProtocol(
        ConnectionRegistry(ConnectionLimits()) if registry is None else registry,
        lambda: "corr-1",
        config=config,
        server_state=ServerState(),
        app_state={},
    )
    wire = Wire()
    protocol.connection_made(wire)
    return protocol, wire


async def turns(count: int = 20) -> None:
    """Let everything run that is ready."""
    for _ in range(count):
        await asyncio.sleep(0)
