"""`buildos-box`: every command, each in a module of its own."""

import asyncio
import errno
import json
import logging
import os
import sqlite3
import sys
from pathlib import Path

import click

from buildos_box.cli import exit_codes
from buildos_box.cli.settings_option import load_or_exit
from buildos_box.db.private_files import OWNER_ONLY
from buildos_box.version import VERSION

CONFIG = click.option(
    "--config", "config_path", type=click.Path(path_type=Path), help="The configuration file."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="buildos-box")
def main() -> None:
    """BuildOS Box: briefs, mail, reminders and their queue, in one process and one folder.

    Exit codes: 0 done, 1 refused or failed, 2 wrong usage or configuration, 3 no server answers, 4
    not allowed.
    """
    # What any command writes (the database, mail, logs, backups, exports) holds people's data.
    os.umask(OWNER_ONLY)


@main.command()
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

    gc_tuning.disable_during_start()
    from buildos_box import log
    from buildos_box.errors import BoxError, Unprocessable
    from buildos_box.serve import serve as serve_box

    settings = load_or_exit(config_path).override(host=host, port=port, data_dir=data_dir)
    log.configure(
        fmt=settings.log.format,
        level=settings.log.level,
        file=Path(settings.log.file) if settings.log.file else None,
    )
    try:
        asyncio.run(serve_box(settings, _say_ready))
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


def _add_upkeep() -> None:
    from buildos_box.cli.backup_commands import backup, restore, verify
    from buildos_box.cli.doctor_command import doctor
    from buildos_box.cli.export_command import export

    for command in (backup, verify, restore, doctor, export):
        main.add_command(command)


_add_upkeep()


def _say_ready(box: object, url: str) -> None:
    from buildos_box.app import Box

    assert isinstance(box, Box)
    click.echo(f"BuildOS Box {VERSION} serves {url}   docs: {url}/docs")
    if box.admin_token:
        folder = box.services.settings.data.dir
        click.echo(f"Admin token, shown only once (kept in {folder}/admin-token):")
        click.echo(f"  {box.admin_token}")
    sys.stdout.flush()


@main.command()
@click.option("--keep", is_flag=True, help="Keep the demo's folder instead of deleting it.")
@click.option("--timezone", default=None, help="Maya's zone; by default Europe/Berlin.")
def demo(keep: bool, timezone: str | None) -> None:
    """A complete example: a user's data becomes a written, mailed brief."""
    from buildos_box.cli.demo import run_demo

    sys.exit(run_demo(keep=keep, zone_name=timezone or "Europe/Berlin"))


@main.command()
def openapi() -> None:
    """Print the OpenAPI description of this program's API; no server is needed."""
    from buildos_box.app import describe_api

    click.echo(json.dumps(asyncio.run(describe_api()), indent=2))


def _add_commands() -> None:
    from buildos_box.cli.brief_commands import brief
    from buildos_box.cli.bulk_command import bulk
    from buildos_box.cli.config_commands import config
    from buildos_box.cli.cron_commands import cron
    from buildos_box.cli.event_commands import event
    from buildos_box.cli.feed_commands import feed
    from buildos_box.cli.forecast_command import forecast
    from buildos_box.cli.import_command import import_file
    from buildos_box.cli.job_commands import job
    from buildos_box.cli.mail_commands import mail
    from buildos_box.cli.mcp_command import mcp
    from buildos_box.cli.note_commands import note
    from buildos_box.cli.phases_commands import phases
    from buildos_box.cli.project_commands import project
    from buildos_box.cli.queue_commands import queue
    from buildos_box.cli.send_test_commands import send_test
    from buildos_box.cli.task_commands import task
    from buildos_box.cli.token_commands import token
    from buildos_box.cli.tui_command import tui
    from buildos_box.cli.user_commands import user

    job.add_command(bulk)
    work = (user, project, task, note, event, feed, brief, import_file)
    for command in (config, *work, mail, job, queue, cron, forecast, send_test, token, tui):
        main.add_command(command)
    main.add_command(phases)
    main.add_command(mcp)


_add_commands()
logging.getLogger("asyncio").setLevel(logging.WARNING)

if __name__ == "__main__":
    main()
