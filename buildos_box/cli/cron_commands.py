"""`buildos-box cron list|run`."""

import json
from zoneinfo import ZoneInfo

import click

from buildos_box.cli import exit_codes
from buildos_box.cli.completion import CRONS
from buildos_box.cli.connection import with_client
from buildos_box.cli.find_by_name import Json
from buildos_box.cli.output import (
    AS_JSON,
    as_table,
    clean,
    say,
    show_json,
    show_table,
    shown_second,
)
from buildos_box.client import BoxClient, url_path

UTC = ZoneInfo("UTC")


@click.group()
def cron() -> None:
    """Periodic tasks. Times are in UTC."""


@cron.command(name="list")
@as_table
@with_client
def list_crons(client: BoxClient, as_json: bool) -> None:
    """Every cron with its last and its next run."""
    found = client.get("/schedule")["crons"]
    if as_json:
        show_json(found)
        return
    rows = [
        [
            c["name"],
            c["schedule"],
            shown_second(c["nextRun"], UTC),
            _last(c["lastRun"]),
            c["does"],
        ]
        for c in found
    ]
    show_table(["name", "when", "next (UTC)", "last (UTC)", "does"], rows, empty="No cron.")


@cron.command()
@click.argument("name", type=CRONS)
@AS_JSON
@with_client
def run(client: BoxClient, name: str, as_json: bool) -> None:
    """Run a cron now and show its result. Exit code 1 if it failed."""
    done = client.post(url_path("schedule", name, "run"))
    if as_json:
        show_json(done)
    elif done["error"]:
        click.echo(clean(f"{name} failed: {done['error']}"), err=True)
    else:
        say(f"{name}: {done['status']} {_summary(done['summary'])}".rstrip())
    if done["error"]:
        raise SystemExit(exit_codes.FAILED)


def _last(run: Json | None) -> str:
    return f"{shown_second(run['startedAt'], UTC)} {run['status']}" if run else "never"


def _summary(summary: object) -> str:
    if isinstance(summary, dict):
        return ", ".join(f"{name} {value}" for name, value in summary.items())
    return "" if summary is None else json.dumps(summary, ensure_ascii=False)
