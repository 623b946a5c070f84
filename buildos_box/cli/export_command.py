"""`buildos-box export`: everything, or one user's data, as JSON."""

import json
import os
import sqlite3
import sys
from pathlib import Path

import click

from buildos_box.cli.completion import USERS
from buildos_box.cli.connection import with_client
from buildos_box.cli.error_output import Failed
from buildos_box.cli.file_faults import writing
from buildos_box.cli.find_by_name import Json, find_user
from buildos_box.client import BoxClient, url_path
from buildos_box.upkeep.archive import DATABASE
from buildos_box.upkeep.user_data_store import SECRET_URLS, secret_urls

LISTS = (
    "users",
    "preferences",
    "smsPreferences",
    "projects",
    "tasks",
    "taskDependencies",
    "notes",
    "events",
)


@click.command()
@click.option(
    "--user", "-u", "user_name", type=USERS, help="Only this user's: id, mail address or name."
)
@click.option(
    "--to",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file; by default standard output.",
)
@click.option(
    "--with-secrets",
    is_flag=True,
    help="Also the secret addresses of calendar feeds and browsers; on the server's own machine.",
)
@with_client
def export(client: BoxClient, user_name: str | None, to: Path | None, with_secrets: bool) -> None:
    """Write all data, or one user's, as JSON that `buildos-box import` accepts.

    Besides the workspace it contains briefs, mails, messages and jobs, under `records`.
    """
    if with_secrets and client.data is None:
        raise click.UsageError("--with-secrets reads the data folder: leave out --url and --token")
    if user_name:
        document: Json = _of(client, find_user(client, user_name)["id"])
    else:
        document = _all(client)
    if with_secrets and client.data is not None:
        _add_secrets(document["records"], client.data / DATABASE)
    text = json.dumps(document, indent=2, ensure_ascii=False)
    if to is None:
        click.echo(text)
        return
    with writing(to):
        fd = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write(text + "\n")
    click.echo(f"Wrote {to}", err=True)


def _add_secrets(records: dict[str, list[Json]], database: Path) -> None:
    try:
        found = secret_urls(database)
    except (OSError, sqlite3.Error) as error:
        raise Failed(f"cannot read {database}: {error}", code="unreadable") from None
    for table, urls in found.items():
        for row in records.get(table, []):
            row[SECRET_URLS[table]] = urls.get(row["id"], row[SECRET_URLS[table]])


def _of(client: BoxClient, user_id: str) -> Json:
    found: Json = client.get(url_path("users", user_id, "export"))
    return found


def _all(client: BoxClient) -> Json:
    whole: Json = {name: [] for name in LISTS}
    records: dict[str, list[Json]] = {}
    ids = [user["id"] for user in client.items("/users", limit=200)]
    with click.progressbar(ids, label="Exporting", file=sys.stderr) as bar:
        for user_id in bar:
            document = _of(client, user_id)
            whole["exportedAt"] = document["exportedAt"]
            for name in LISTS:
                whole[name] += document[name]
            for table, rows in document["records"].items():
                records.setdefault(table, []).extend(rows)
    return {**whole, "records": records}
