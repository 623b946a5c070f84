"""Finding the local box: its address and token, unless they are given."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from buildos_box.access.keyring import ADMIN_FILE
from buildos_box.cli import exit_codes
from buildos_box.cli.settings_option import load_or_exit
from buildos_box.client import BoxClient, BoxRefused, BoxUnreachable

T = TypeVar("T")


def with_client(command: Callable[..., T]) -> Callable[..., T]:
    """Give a command `--url`, `--token` and `--config`, and a client as its first argument."""

    @click.option("--url", envvar="BUILDOS_BOX_URL", help="The box's address; by default, ours.")
    @click.option("--token", envvar="BUILDOS_BOX_TOKEN", help="A token; by default, the admin's.")
    @click.option("--config", "config_path", type=click.Path(path_type=Path), help="config.toml")
    @wraps(command)
    def run(
        *args: Any, url: str | None, token: str | None, config_path: Path | None, **options: Any
    ) -> T:
        with local_client(url, token, config_path) as client:
            return told(command, client, *args, **options)

    return run


def local_client(url: str | None, token: str | None, config_path: Path | None) -> BoxClient:
    """A client for the address and token given, or for the box that this configuration serves."""
    if url is None or token is None:
        settings = load_or_exit(config_path)
        url = url or _local_url(settings.server.host, settings.server.port)
        token = token or _admin_token(Path(settings.data.dir))
    return BoxClient(url, token)


def _local_url(host: str, port: int) -> str:
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104
    return f"http://{reachable}:{port}"


def _admin_token(folder: Path) -> str | None:
    try:
        return (folder / ADMIN_FILE).read_text("utf-8").strip()
    except OSError:
        return None


def told(command: Callable[..., T], *args: Any, **options: Any) -> T:
    """Run a command; what the box refuses becomes a sentence and an exit code."""
    try:
        return command(*args, **options)
    except BoxUnreachable as error:
        click.echo(f"{error}\nIs it running? Start it with: buildos-box serve", err=True)
        raise SystemExit(exit_codes.UNREACHABLE) from None
    except BoxRefused as error:
        click.echo(str(error), err=True)
        for detail in error.details:
            click.echo(f"  {detail.get('field')}: {detail.get('message')}", err=True)
        denied = error.status in (401, 403)
        raise SystemExit(exit_codes.DENIED if denied else exit_codes.FAILED) from None
