"""A PostgreSQL server for a round, from the machine's packages."""

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bench.peers.env import Unavailable

DEBIAN = Path("/usr/lib/postgresql")
"""Debian keeps the server's programs of each version there, not on the path."""
NOT_ROOT = "postgres"
"""PostgreSQL refuses to run as root; its packages make this user."""


def _program(name: str) -> str:
    if found := shutil.which(name):
        return found
    versions = sorted(DEBIAN.glob(f"*/bin/{name}"), key=lambda path: float(path.parts[-3]))
    if not versions:
        raise Unavailable("no PostgreSQL on this machine")
    return str(versions[-1])


def version() -> str:
    """What the server says of itself, such as `15.18`. Raises Unavailable."""
    told = subprocess.run(
        [_program("postgres"), "--version"], check=True, capture_output=True, text=True
    ).stdout
    return told.split()[2]


def _as_whom(folder: Path) -> dict[str, Any]:
    """How its programs are started, by a user that they accept and who may write there."""
    if os.geteuid() != 0:
        return {}
    try:
        user = pwd.getpwnam(NOT_ROOT)
    except KeyError:
        raise Unavailable(f"PostgreSQL does not run as root, and no user is {NOT_ROOT}") from None
    folder.chmod(0o711)
    data = folder / "postgres"
    data.mkdir()
    os.chown(data, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "cwd": data}


@contextmanager
def postgres_server(folder: Path) -> Iterator[tuple[str, int]]:
    """A server of the round's own as it comes (each commit is fsynced), on loopback.

    Gives how to connect to it and its process id. Raises Unavailable.
    """
    initdb, pg_ctl = _program("initdb"), _program("pg_ctl")
    whom, data = _as_whom(folder), folder / "postgres"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
    start = [pg_ctl, "-D", str(data), "-w", "-l", str(data / "log"), "-o", told, "start"]
    try:
        for command in ([initdb, "-D", str(data), "-A", "trust", "-U", "bench"], start):
            subprocess.run(command, check=True, capture_output=True, timeout=60, **whom)
    except (OSError, subprocess.SubprocessError) as error:
        raise Unavailable("PostgreSQL did not start") from error
    try:
        pid = int((data / "postmaster.pid").read_text().split()[0])
        yield f"postgresql://bench@127.0.0.1:{port}/postgres", pid
    finally:
        with suppress(subprocess.SubprocessError):
            stop = [pg_ctl, "-D", str(data), "-m", "immediate", "stop"]
            subprocess.run(stop, check=False, capture_output=True, timeout=60, **whom)
