"""`buildos-box serve`: one process that handles signals and drains before it ends."""

import asyncio
import contextlib
import os
import resource
import signal
import socket
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn

from buildos_box import gc_tuning
from buildos_box.app import Box
from buildos_box.auth.client_address import ClientAddresses, address_group
from buildos_box.auth.local_files import ADDRESS_FILE
from buildos_box.db import Database, StorageError
from buildos_box.errors import Unavailable, Unprocessable
from buildos_box.log import logger
from buildos_box.server.connections import ConnectionLimits, ConnectionRegistry
from buildos_box.server.protocol import LimitedProtocol
from buildos_box.settings import Settings
from buildos_box.upkeep.reload import Load, Reloader

log = logger(__name__)
KEEP_ALIVE_SECONDS = 130
"""Longer than clients (httpx 5 s) and proxies (nginx 60 s, Caddy 120 s) keep an idle connection, so
that they close it: a request never meets a connection that the server is closing.
"""
OTHER_FILES = 64
"""File descriptors that are not clients' connections: the database, logs, outgoing connections."""
LEAST_CONNECTIONS = 16
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Server(uvicorn.Server):
    """uvicorn's, which wakes seldom and ends when it is told."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Let `serve` end."""
        self.should_exit = True
        self._stopping.set()

    async def main_loop(self) -> None:
        """Tick each second, for the date of answers; uvicorn's own ticks ten times, for the end."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._stopping.wait()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Install no handlers: `serve` has its own, which drain the queue first."""
        yield


async def serve(load: Load, on_ready: Callable[[Box, str], None]) -> None:
    """Serve until SIGTERM or SIGINT, then drain and close; a second signal exits at once.

    `load` reads the configuration, at the start and again on SIGHUP. `on_ready(box, url)` is called
    once requests are answered. Raises SettingsError, OSError if the address is in
    use, AlreadyRunning if the data folder is, and what `Box.open` raises.
    """
    settings = load()
    files = raise_file_limit()
    listening = listen(settings.server.host, settings.server.port)
    # With port 0 the system has chosen one; links in mails lead there.
    given, port = settings.server.port, listening.getsockname()[1]
    settings = settings.override(port=port)

    def load_again() -> Settings:
        again = load()
        return again.override(port=port) if again.server.port == given else again

    # Installed first, because process 1 of a container ignores SIGTERM without a handler.
    stop = asyncio.Event()
    _mind_signals(stop)
    try:
        box = await Box.open(settings, load=load_again)
    except BaseException:
        listening.close()
        raise
    connections = _connection_registry(settings, files)
    server = Server(
        uvicorn.Config(
            box.api,
            http=_protocol_class(connections, box),
            ws="none",
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=5,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )
    )
    try:
        await box.start()
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        beside = [
            asyncio.create_task(connections.sweep()),
            asyncio.create_task(gc_tuning.give_back_at_rest(partial(_shrink, box.services.db))),
        ]
        while not server.started and not serving.done():
            await asyncio.sleep(0.01)
        url = _url_of(listening)
        address = Path(settings.data.dir) / ADDRESS_FILE
        address.write_text(url, "utf-8")
        _reload_on_hangup(box.reloader)
        gc_tuning.freeze_after_start()
        on_ready(box, url)
        await _first_of(stop, serving)
        log.info("draining")
        await box.drain()
        server.stop()
        await serving
        for task in beside:
            task.cancel()
    finally:
        (Path(settings.data.dir) / ADDRESS_FILE).unlink(missing_ok=True)
        await box.close()
        log.info("stopped")


async def _shrink(db: Database) -> None:
    """Empty the caches of the database, unless it takes nothing just now."""
    with contextlib.suppress(StorageError, Unavailable):
        await db.shrink()


def _connection_registry(settings: Settings, files: int) -> ConnectionRegistry:
    """The limits on connections, as far as there are files for them."""
    limits = settings.limits
    total = min(limits.max_connections, max(LEAST_CONNECTIONS, files - OTHER_FILES))
    if total < limits.max_connections:
        log.warning("few_open_files", open_files=files, connections=total)
    addresses = ClientAddresses(settings.server.trusted_proxies)
    return ConnectionRegistry(
        ConnectionLimits(
            total=total,
            per_address=min(limits.max_connections_per_address, max(1, total // 2)),
            head_seconds=limits.request_head_seconds,
            body_seconds=limits.request_body_seconds,
            send_seconds=limits.response_stall_seconds,
        ),
        group_of=address_group,
        is_shared=addresses.is_trusted,
    )


def _protocol_class(connections: ConnectionRegistry, box: Box) -> Any:
    """What uvicorn calls for each connection; it asks for a class but needs no more than this."""

    def correlation_id() -> str:
        return box.services.ids.new("corr", box.services.clock.now())

    return partial(LimitedProtocol, connections, correlation_id)


def _url_of(listening: socket.socket) -> str:
    """The URL at which programs on this machine reach it."""
    host, port = listening.getsockname()[:2]
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to that address. Raises OSError if it is in use."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sets TCP_NODELAY, which small responses need, only if the protocol is named.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError:
        listening.close()
        raise
    return listening


def _mind_signals(stop: asyncio.Event) -> None:
    def on_signal() -> None:
        if stop.is_set():
            os._exit(130)
        stop.set()

    for number in STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, on_signal)


def _reload_on_hangup(reloader: Reloader) -> None:
    """Reload on SIGHUP; a server at a terminal ends with it, as other programs do."""
    if os.isatty(0):
        return
    running: set[asyncio.Task[None]] = set()

    async def reload() -> None:
        try:
            await reloader.reload()
        except Unprocessable as error:
            faults = [f"{fault.field}: {fault.message}" for fault in error.details]
            log.error("configuration_not_applied", error=error.message, faults=faults)

    def on_signal() -> None:
        task = asyncio.get_running_loop().create_task(reload())
        running.add(task)
        task.add_done_callback(running.discard)

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, on_signal)


async def _first_of(stop: asyncio.Event, serving: "asyncio.Task[None]") -> None:
    waiting = asyncio.create_task(stop.wait())
    await asyncio.wait({waiting, serving}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()


def raise_file_limit() -> int:
    """Raise the soft limit to the hard one; the number of files that may be open now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):  # macOS refuses more than this.
            return soft
    return hard if hard != resource.RLIM_INFINITY else 1_000_000
