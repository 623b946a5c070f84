"""`buildos-box backup key`, and what `backup` and `restore` do with a store (s3://…)."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from buildos_box.auth.tokens import write_private
from buildos_box.cli.error_output import Failed
from buildos_box.cli.file_faults import reading, writing
from buildos_box.cli.output import AS_JSON, say, show_json

if TYPE_CHECKING:
    from buildos_box.settings import Settings
    from buildos_box.upkeep.backup import Made

IDENTITY = click.option(
    "--identity",
    type=click.Path(exists=True, dir_okay=False),
    envvar="BUILDOS_BOX_IDENTITY",
    help="The file of the private key, for a backup from s3://…",
)
SUFFIX = ".backup.tar.gz.age"


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@AS_JSON
def key(file: Path, as_json: bool) -> None:
    """Make a key for encrypted backups: the private part into FILE, the public part is shown.

    The file opens every backup that was encrypted for it; keep it on another machine. It is in the
    format of age (age-encryption.org), whose own program reads the backups too.
    """
    from buildos_box.errors import BoxError
    from buildos_box.upkeep.remote_backup import new_identity

    if file.exists():
        raise Failed(f"{file} is there already", code="exists")
    try:
        private, public = new_identity()
    except BoxError as error:
        raise Failed(error.message, code=error.code) from None
    with writing(file):
        write_private(file, f"# public key: {public}\n{private}\n".encode())
    if as_json:
        show_json({"file": str(file), "recipient": public})
        return
    say(f"Wrote {file}; keep it elsewhere: without it no encrypted backup can be opened.")
    say(f'[backup]\nrecipient = "{public}"')


def upload_backup(settings: "Settings", to: str, made: "Made", *, as_json: bool) -> None:
    """Upload a backup that was just made. Raises BoxError."""
    from buildos_box.upkeep.cron import upload

    sent = upload(made.path, msgspec.structs.replace(settings.backup, to=to))
    if as_json:
        show_json({"url": sent.url, "bytes": sent.bytes, "sha256": sent.sha256})
    else:
        say(f"Uploaded {sent.url} ({sent.bytes:,} bytes, read back and compared)")


def refuse_impossible_upload(settings: "Settings", url: str) -> None:
    """Raises UsageError for what is no place, and without a key to encrypt for."""
    from buildos_box.settings.backup_place import Place

    if not settings.backup.recipient:
        raise click.UsageError(
            "nothing leaves this machine unencrypted: set backup.recipient "
            "(buildos-box backup key FILE makes one)"
        )
    try:
        Place.of(url)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--to") from None


@contextmanager
def local_copy(settings: "Settings", file: str, identity: str | None) -> Iterator[Path]:
    """The backup as a file of this machine, fetched and decrypted if it is in a store.

    Raises BoxError, OSError, UsageError.
    """
    from buildos_box.settings.backup_place import SCHEME, Place
    from buildos_box.upkeep.remote_backup import RemoteBackups

    if not file.startswith(SCHEME):
        yield Path(file)
        return
    if identity is None:
        raise click.UsageError("a backup in a store is encrypted: give its key with --identity")
    folder, _, last = file.rpartition("/")
    name = last if last.endswith(SUFFIX) else None
    try:
        place = Place.of(folder if name else file)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="FILE") from None
    parent = Path(settings.data.dir).absolute().parent
    scratch = parent if os.access(parent, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix=".box-fetch-", dir=scratch) as here:
        there = RemoteBackups(place, settings.backup)
        yield there.download(name, _private_key(Path(identity)), Path(here))


def _private_key(file: Path) -> str:
    """The key in a file as age-keygen writes it, between comments."""
    with reading(file):
        lines = [line.strip() for line in file.read_text("utf-8").splitlines()]
    return next((line for line in lines if line and not line.startswith("#")), "")
