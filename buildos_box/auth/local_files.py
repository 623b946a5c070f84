"""What a server leaves in its data folder for commands on the same machine: address and token."""

from pathlib import Path

ADMIN_FILE = "admin-token"
ADDRESS_FILE = "address"
"""The file with the address of the running server."""


def local_address(folder: Path) -> str | None:
    """The address of the server that runs on that folder; None if none runs."""
    return _first_line(folder / ADDRESS_FILE)


def local_admin_token(folder: Path) -> str | None:
    """The admin token in that folder; None if there is none or it cannot be read."""
    return _first_line(folder / ADMIN_FILE)


def _first_line(file: Path) -> str | None:
    try:
        return file.read_text("utf-8").strip() or None
    except OSError:
        return None
