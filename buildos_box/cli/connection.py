"""Finding the local server: its address and token, unless they are given."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click
import httpx

from buildos_box.cli import exit_codes
from buildos_box.cli.destination import Destination, given_destination, local_destination
from buildos_box.cli.error_output import Failed
from buildos_box.cli.settings_option import load_or_exit
from buildos_box.client import BoxClient, BoxRefused, BoxUnreachable
from buildos_box.settings import Settings

T = TypeVar("T")
SECONDS = 30.0
"""The longest wait for an answer, unless a command has its own."""


def with_client(command: Callable[..., T]) -> Callable[..., T]:
    """Give a command `--url`, `--token` and `--config`, and a client as its first argument."""

    @click.option(
        "--url", envvar="BUILDOS_BOX_URL", help="The server's address; by default the local one."
    )
    @click.option(
        "--token", envvar="BUILDOS_BOX_TOKEN", help="A token; by default the local admin token."
    )
    @click.option("--config", "config_path", type=click.Path(path_type=Path), help="config.toml")
    @wraps(command)
    def run(
        *args: Any, url: str | None, token: str | None, config_path: Path | None, **options: Any
    ) -> T:
        with local_client(url, token, config_path) as client:
            return call_or_exit(command, client, *args, **options)

    return run


def local_client(
    url: str | None,
    token: str | None,
    config_path: Path | None,
    *,
    timeout_seconds: float = SECONDS,
) -> BoxClient:
    """A client for the given address and token, or for the server of this configuration.

    Raises UsageError, as `client_for`.
    """
    if url is not None and token is not None:
        return _client(given_destination(url, token), timeout_seconds)
    settings = load_or_exit(config_path)
    return client_for(settings, url, token, timeout_seconds=timeout_seconds)


def client_for(
    settings: Settings, url: str | None, token: str | None, *, timeout_seconds: float = SECONDS
) -> BoxClient:
    """A client for the server of these settings, or for what is given instead.

    Raises UsageError for an invalid address, or one to which the token may not go.
    """
    return _client(local_destination(settings, url, token), timeout_seconds)


def _client(to: Destination, timeout_seconds: float = SECONDS) -> BoxClient:
    try:
        return BoxClient(to.url, to.token, timeout_seconds=timeout_seconds, data=to.data)
    except (httpx.InvalidURL, UnicodeEncodeError):
        raise click.UsageError("the address or token contains invalid characters") from None


def call_or_exit(command: Callable[..., T], *args: Any, **options: Any) -> T:
    """Run a command; a refusal becomes a sentence and an exit code."""
    try:
        return command(*args, **options)
    except BoxUnreachable as error:
        raise Failed(
            str(error),
            code="unreachable",
            exit_code=exit_codes.UNREACHABLE,
            hint="Is it running? Start it with: buildos-box serve",
        ) from None
    except BoxRefused as error:
        raise refusal(error) from None
    except TimeoutError as error:
        raise Failed(str(error), code="timeout") from None


def refusal(error: BoxRefused) -> Failed:
    """The failure of a command that the server refused."""
    hint = ""
    if error.status == 401:
        hint = "Give a token with --token or BUILDOS_BOX_TOKEN."
    elif error.status >= 500 and error.correlation_id:
        hint = f"The server's log has it as {error.correlation_id}."
    return Failed(
        str(error),
        code=error.code or "refused",
        exit_code=exit_codes.DENIED if error.status in (401, 403) else exit_codes.FAILED,
        details=error.details,
        hint=hint,
        correlation_id=error.correlation_id,
    )
