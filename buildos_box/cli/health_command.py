"""`buildos-box health`: a health check for containers and orchestrators.

It runs every few seconds beside the server, so it imports no more than it needs to ask.
"""

import json
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, build_opener

import click

from buildos_box.auth.local_files import local_address
from buildos_box.cli import exit_codes
from buildos_box.cli.settings_option import CONFIG, load_or_exit

SECONDS = 4.0


@click.command()
@CONFIG
@click.option("--url", help="The server's address; by default the one that serves the folder.")
@click.option(
    "--data",
    envvar="BUILDOS_BOX_DATA__DIR",
    type=click.Path(path_type=Path),
    help="The data folder; by default the configured one.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0.1),
    default=SECONDS,
    show_default=True,
    help="Seconds to wait for an answer.",
)
def health(config_path: Path | None, url: str | None, data: Path | None, timeout: float) -> None:
    """Ask the server whether it works: exit code 0 if so, 1 if not, 3 if none answers."""
    if url is None:
        folder = data or _configured_folder(config_path)
        url = local_address(folder)
        if url is None:
            click.echo(f"no server serves {folder}", err=True)
            raise SystemExit(exit_codes.UNREACHABLE)
    try:
        status, answer = _ask(f"{url.rstrip('/')}/health", timeout)
    except (OSError, HTTPException, ValueError) as error:
        click.echo(f"no server answers at {url}: {error}", err=True)
        raise SystemExit(exit_codes.UNREACHABLE) from None
    click.echo(answer)
    raise SystemExit(exit_codes.OK if status == 200 else exit_codes.FAILED)


def _configured_folder(config_path: Path | None) -> Path:
    return Path(load_or_exit(config_path).data.dir)


def _ask(url: str, timeout: float) -> tuple[int, str]:
    """The status, and what the server says of itself."""
    opener = build_opener(ProxyHandler({}))
    try:
        answer: HTTPResponse = opener.open(url, timeout=timeout)
    except HTTPError as error:
        return error.code, _said(error.read())
    except URLError as error:
        raise OSError(str(error.reason)) from None
    with answer:
        return answer.status, _said(answer.read())


def _said(body: bytes) -> str:
    """Raises ValueError if that is not how a server of this program answers."""
    document = json.loads(body)
    if not isinstance(document, dict) or "status" not in document:
        raise ValueError("it is not a BuildOS Box")
    return str(document["status"])
