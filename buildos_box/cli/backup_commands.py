"""`buildos-box backup`, `backup list`, `backup verify`, `verify` and `restore`.

They work on the data folder, because a server that does not start must be restorable too.
"""

import os
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from buildos_box.cli import exit_codes
from buildos_box.cli.connection import call_or_exit, client_for
from buildos_box.cli.error_output import Failed
from buildos_box.cli.file_faults import reason, sentence
from buildos_box.cli.output import AS_JSON, YES, as_table, say, show_facts, show_json, show_table
from buildos_box.cli.remote_backup_commands import (
    IDENTITY,
    key,
    local_copy,
    refuse_impossible_upload,
    upload_backup,
)
from buildos_box.cli.settings_option import CONFIG, load_or_exit
from buildos_box.clock import SystemClock
from buildos_box.db.snapshot import Progress
from buildos_box.errors import BoxError
from buildos_box.settings import Settings
from buildos_box.settings.backup_place import SCHEME

if TYPE_CHECKING:
    from buildos_box.upkeep.backup import Made

T = TypeVar("T")
BACKUP_SECONDS = 3600.0
"""Seconds to wait for `--from-server`: a large database takes long to copy and check."""
DATA = click.option(
    "--data", "data_dir", type=click.Path(path_type=Path), help="Overrides data.dir."
)
FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))


def on_the_folder(command: Callable[..., T]) -> Callable[..., T]:
    """Give a command `--config` and `--data` as settings; an error becomes one line and exit code
    1.
    """

    @CONFIG
    @DATA
    @wraps(command)
    def run(*args: Any, config_path: Path | None, data_dir: Path | None, **options: Any) -> T:
        settings = load_or_exit(config_path).override(data_dir=data_dir)
        try:
            return command(settings, *args, **options)
        except (BoxError, OSError, sqlite3.Error) as error:
            raise failure_of(error) from None

    return run


def failure_of(error: Exception) -> Failed:
    """The failure of a command on the data folder."""
    if isinstance(error, BoxError):
        return Failed(error.message, code=error.code)
    return Failed(sentence(error) if isinstance(error, OSError) else str(error), code="failed")


@click.group(invoke_without_command=True)
@click.option("--to", help="A file, a folder (data/backups), or s3://bucket/folder.")
@click.option(
    "--from-server",
    is_flag=True,
    help="Let the running server save the database it has open, into its own backup folder.",
)
@AS_JSON
@CONFIG
@DATA
@click.pass_context
def backup(
    context: click.Context, /, to: str | None, from_server: bool, as_json: bool, **where: Any
) -> None:
    """Back up the database and its keys into one file, while the server runs or not.

    The file is as secret as the server's data folder. With --from-server this works even if the
    database's file was deleted or moved meanwhile.
    """
    if context.invoked_subcommand is not None:
        return
    if from_server and to is not None:
        raise click.UsageError(
            "--from-server saves into the server's own backup folder, without --to"
        )
    if from_server:
        _back_up_from_server(as_json=as_json, **where)
    else:
        _back_up(to=to, as_json=as_json, **where)


def _back_up_from_server(*, config_path: Path | None, data_dir: Path | None, as_json: bool) -> None:
    settings = load_or_exit(config_path).override(data_dir=data_dir)
    url, token = os.environ.get("BUILDOS_BOX_URL"), os.environ.get("BUILDOS_BOX_TOKEN")
    with client_for(settings, url, token, timeout_seconds=BACKUP_SECONDS) as client:
        made = call_or_exit(client.post, "/backup")
    if as_json:
        show_json(made)
    else:
        say(f"Made {made['path']} ({made['bytes']:,} bytes, schema {made['schema']})")


@on_the_folder
def _back_up(settings: Settings, to: str | None, as_json: bool) -> None:
    from buildos_box.upkeep.cron import backup_folder

    folder = backup_folder(settings)
    if to is not None and not to.startswith(SCHEME):
        _tell_made(_made(settings, Path(to)), as_json)
        return
    if to is not None:
        refuse_impossible_upload(settings, to)
    if Path(settings.data.dir).is_dir():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if to is None:
        _tell_made(_made(settings, folder), as_json)
        return
    scratch_in = folder if folder.is_dir() else None  # without a box it is refused just below
    with tempfile.TemporaryDirectory(prefix=".box-upload-", dir=scratch_in) as scratch:
        upload_backup(settings, to, _made(settings, Path(scratch)), as_json=as_json)


def _made(settings: Settings, target: Path) -> "Made":
    from buildos_box.upkeep.backup import make_backup

    data = Path(settings.data.dir)
    with _bar() as bar:
        shown = _shown_on(bar) if bar else None
        try:
            return make_backup(data, target, SystemClock(), progress=shown)
        except OSError as error:
            if error.errno is None:  # a sentence of this program already
                raise
            said = f"cannot back up {data} to {target}: {reason(error)}"
            raise Failed(said, code="unwritable") from None


def _tell_made(made: "Made", as_json: bool) -> None:
    if as_json:
        show_json({"path": str(made.path), "bytes": made.bytes, **_plain(made.manifest)})
        return
    say(f"Made {made.path} ({made.bytes:,} bytes, schema {made.manifest.schema})")


def _bar() -> AbstractContextManager[Any]:
    if not sys.stderr.isatty():
        return nullcontext(None)
    return click.progressbar(length=1, label="Copying", file=sys.stderr)


def _shown_on(bar: Any) -> Progress:
    def show(left: int, total: int) -> None:
        bar.length = max(1, total)
        bar.update(total - left - bar.pos)

    return show


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value)


@backup.command(name="list")
@as_table
@on_the_folder
def list_backups(settings: Settings, as_json: bool) -> None:
    """The backups of this server, newest first."""
    from buildos_box.upkeep.backup import backups_in
    from buildos_box.upkeep.cron import backup_folder

    found = [(path, path.stat().st_size) for path in backups_in(backup_folder(settings))]
    if as_json:
        show_json([{"path": str(path), "bytes": size} for path, size in found])
        return
    show_table(["file", "bytes"], [[str(p), f"{n:,}"] for p, n in found], empty="No backup.")


@click.command()
@FILE
@as_table
def verify(file: Path, as_json: bool) -> None:
    """Check a backup: hashes, integrity, references, rows of every table, keys.

    Exit code 1 if it is not reliable.
    """
    from buildos_box.upkeep.backup import verify as check
    from buildos_box.upkeep.restore import described

    try:
        with tempfile.TemporaryDirectory(prefix=".box-verify-", dir=_roomy(file)) as staging:
            verification = check(file, Path(staging))
    except (BoxError, OSError, sqlite3.Error) as error:
        said = failure_of(error).message
        if as_json:
            show_json({"path": str(file), "ok": False, "faults": [said]})
        click.echo(said, err=True)
        raise SystemExit(exit_codes.FAILED) from None
    if as_json:
        show_json(_plain(verification))
    else:
        say(f"{file}: {described(verification)}")
        show_facts((f"key {name}", print_) for name, print_ in verification.keys.items())
        rows = [[name, str(count)] for name, count in verification.counts.items() if count]
        show_table(["table", "rows"], rows, empty="Every table is empty.")
        say("It is complete." if verification.ok else "It is NOT whole:")
    for fault in verification.faults:
        click.echo(fault, err=True)
    if not verification.ok:
        raise SystemExit(exit_codes.FAILED)


backup.add_command(verify)
backup.add_command(key)


def _roomy(file: Path) -> Path | None:
    """The backup's folder if there is space; elsewhere if it is not writable."""
    folder = file.absolute().parent
    return folder if os.access(folder, os.W_OK) else None


@click.command()
@click.argument("file", type=click.Path())
@IDENTITY
@click.option(
    "--resume-sends", is_flag=True, help="Also send what was due between the backup and now."
)
@YES
@AS_JSON
@on_the_folder
def restore(
    settings: Settings,
    file: str,
    identity: str | None,
    resume_sends: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Replace the data by a backup; the server must not be running.

    FILE may be s3://bucket/folder, which is its newest backup, or the whole address of one.

    The backup is checked before anything is replaced, and the previous files are kept in a folder
    beside it. Mail, SMS and push that were due before now are not sent.
    """
    from buildos_box.upkeep.restore import described, refuse_while_served
    from buildos_box.upkeep.restore import restore as put_back

    data = Path(settings.data.dir)
    refuse_while_served(data)
    if not file.startswith(SCHEME) and not Path(file).is_file():
        raise click.BadParameter(f"there is no file {file!r}", param_hint="FILE")
    if not yes and (data / "box.sqlite3").exists():
        click.confirm(f"Replace the content of {data} by {file}?", abort=True, err=True)
    with local_copy(settings, file, identity) as backup_file:
        done = put_back(backup_file, data, SystemClock(), resume_sends=resume_sends)
    if as_json:
        aside = str(done.aside) if done.aside else None
        show_json({"data": str(data), "aside": aside, "backup": _plain(done.verification)})
        return
    say(f"Restored {data} from {file}: {described(done.verification)}")
    if done.aside:
        say(f"The previous files are in {done.aside}; delete them when you no longer need them.")
    say("Tokens that were revoked after the backup are valid again: buildos-box token list")
    if not resume_sends:
        say("What was due to be sent before now will not be sent.")
