"""`buildos-box serve`."""

import errno
import logging
import os
import shlex
import sqlite3
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from buildos_box.cli import exit_codes
from buildos_box.cli.settings_option import CONFIG, load_or_exit
from buildos_box.version import VERSION

if TYPE_CHECKING:
    from buildos_box.app import Box


@click.command()
@CONFIG
@click.option("--host", help="Overrides server.host.")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Overrides server.port; 0 takes a free one."
)
@click.option("--data", "data_dir", type=click.Path(path_type=Path), help="Overrides data.dir.")
def serve(
    config_path: Path | None, host: str | None, port: int | None, data_dir: Path | None
) -> None:
    """Serve the API and run the queue until stopped."""
    from buildos_box import gc_tuning
    from buildos_box.lazy_libraries import left_out

    gc_tuning.disable_during_start()
    with left_out():
        import uvloop

        from buildos_box import log
        from buildos_box.errors import BoxError, Unprocessable
        from buildos_box.serve import serve as serve_box
        from buildos_box.settings import Settings, load_settings

    load_or_exit(config_path)

    def load() -> Settings:
        loaded = load_settings(config_path, dict(os.environ)).settings
        return loaded.override(host=host, port=port, data_dir=data_dir)

    settings = load()
    logging.getLogger("asyncio").setLevel(logging.WARNING)
    try:
        log.configure(
            fmt=settings.log.format,
            level=settings.log.level,
            file=Path(settings.log.file) if settings.log.file else None,
        )
    except OSError as error:
        click.echo(f"cannot write log.file {settings.log.file}: {error.strerror}", err=True)
        sys.exit(exit_codes.FAILED)
    try:
        command = _command(config_path, data_dir)
        uvloop.run(serve_box(load, lambda box, url: _say_ready(box, url, command)))
    except BoxError as error:
        click.echo(error.message, err=True)
        sys.exit(exit_codes.USAGE if isinstance(error, Unprocessable) else exit_codes.FAILED)
    except sqlite3.DatabaseError as error:
        click.echo(
            f"cannot use the database in {settings.data.dir}: {error}{_cure(error)}", err=True
        )
        sys.exit(exit_codes.FAILED)
    except OSError as error:
        where = f"{settings.server.host}:{settings.server.port}"
        click.echo(
            f"cannot serve on {where} from {settings.data.dir}: {error}{_way_out(error)}", err=True
        )
        sys.exit(exit_codes.FAILED)


def _way_out(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "; stop the program that uses it, or choose another port with --port or server.port"
    if error.errno == errno.EADDRNOTAVAIL:
        return "; that address is not this machine's: see --host or server.host"
    if error.errno in (errno.EACCES, errno.EROFS):
        return "; make the folder writable for the server's user, or choose another with --data"
    if error.errno == errno.ENOSPC:
        return "; free some space on that disk"
    return ""


def _cure(error: sqlite3.DatabaseError) -> str:
    damaged = not isinstance(error, sqlite3.OperationalError)
    return "; restore a backup: buildos-box restore FILE" if damaged else ""


def _command(config_path: Path | None, data_dir: Path | None) -> str:
    """How the command line finds this server from any folder of this machine."""
    if data_dir is not None:
        return f"BUILDOS_BOX_DATA__DIR={shlex.quote(str(data_dir.absolute()))} buildos-box"
    if config_path is not None:
        return f"BUILDOS_BOX_CONFIG={shlex.quote(str(config_path.absolute()))} buildos-box"
    return "buildos-box"


def _say_ready(box: "Box", url: str, command: str) -> None:
    click.echo(f"BuildOS Box {VERSION} serves {url}   page: {url}/app/   docs: {url}/docs")
    if box.admin_token:
        folder = box.services.settings.data.dir
        click.echo(f"Admin token, shown only once (kept in {folder}/admin-token):")
        click.echo(f"  {box.admin_token}")
        click.echo("Next, in another terminal:")
        click.echo(f"  {command} user add NAME --email ADDRESS --timezone Europe/Berlin")
    sys.stdout.flush()
