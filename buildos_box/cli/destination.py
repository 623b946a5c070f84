"""Where a command sends its requests, and which token may go there."""

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import click

from buildos_box.auth.local_files import local_address, local_admin_token
from buildos_box.settings import Settings

_NOT_AN_ADDRESS = "{!r} is not an address like http://127.0.0.1:8787"


@dataclass(frozen=True, slots=True)
class Destination:
    """An address, the token for it, and the data folder if a process on this machine serves it."""

    url: str
    token: str | None
    data: Path | None = None


def given_destination(url: str, token: str) -> Destination:
    """The address and the token that were given. Raises UsageError: in clear over a network."""
    _require_tls(url)
    return Destination(url, token)


def local_destination(settings: Settings, url: str | None, token: str | None) -> Destination:
    """The box that these settings serve, or the address given.

    The token in the data folder goes only to the box that serves from that folder now, at its own
    address or its `server.base_url`. Raises UsageError for what is not an address, if another
    address is given without a token, or if a token would go in clear over a network.
    """
    if url is not None:
        _parts(url)
    folder = Path(settings.data.dir)
    own = local_address(folder)
    base_url = settings.server.base_url
    url = url or own or settings.server.local_url
    data: Path | None = None
    if own is not None and _same_place(url, own):
        # Not what was typed: `localhost` may lead to another process on the same port.
        url, data = own, folder
    elif own is not None and base_url and _same_place(url, base_url):
        data = folder
    if token is None and data is not None:
        token = local_admin_token(data)
    elif token is None and own is not None:
        raise click.UsageError(
            f"the token in {folder} is for {own} only; give one for {url} with --token"
        )
    if token is not None and url != own:
        _require_tls(url)
    return Destination(url, token, data)


def _require_tls(url: str) -> None:
    if not url.lower().startswith("https://") and not _is_loopback(_parts(url)[1]):
        raise click.UsageError(f"a token is sent over https only, unless to this machine: {url}")


def _same_place(url: str, other: str) -> bool:
    """Whether both have the same scheme, host, port and path; `localhost` is any loopback host."""
    mine, theirs = _parts(url), _parts(other)
    local = mine[1] == "localhost" and _is_loopback(theirs[1])
    return mine == theirs or (local and (mine[0], *mine[2:]) == (theirs[0], *theirs[2:]))


def _parts(url: str) -> tuple[str, str, int | None, str]:
    """Raises UsageError for what is not an address."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        raise click.UsageError(_NOT_AN_ADDRESS.format(url)) from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise click.UsageError(_NOT_AN_ADDRESS.format(url))
    return parts.scheme, parts.hostname or "", port, parts.path.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
