"""`buildos-box config check|show|example|docs`."""

import json
import os
from pathlib import Path

import click

from buildos_box.cli import exit_codes
from buildos_box.cli.settings_option import CONFIG, loaded_or_exit
from buildos_box.settings import SettingsError, load_settings
from buildos_box.settings.reference import reference_markdown
from buildos_box.settings.show import effective, example_toml

AS_JSON = click.option("--json", "as_json", is_flag=True, help="For programs.")


@click.group()
def config() -> None:
    """Check and show the configuration, without starting anything."""


@config.command()
@CONFIG
@AS_JSON
def check(config_path: Path | None, as_json: bool) -> None:
    """List every fault of the configuration; exit code 2 if there is one."""
    try:
        loaded = load_settings(config_path, dict(os.environ))
    except SettingsError as error:
        if as_json:
            faults = [{"key": f.key, "where": f.where, "message": f.message} for f in error.faults]
            click.echo(json.dumps({"ok": False, "faults": faults}))
        else:
            for fault in error.faults:
                click.echo(str(fault), err=True)
        raise SystemExit(exit_codes.USAGE) from None
    if as_json:
        click.echo(json.dumps({"ok": True, "faults": [], "notes": loaded.notes}))
        return
    for note in loaded.notes:
        click.echo(f"note: {note}")
    click.echo("The configuration is valid.")


@config.command()
@CONFIG
@AS_JSON
def show(config_path: Path | None, as_json: bool) -> None:
    """The effective value of every key with its origin; secrets masked."""
    loaded = loaded_or_exit(config_path)
    rows = list(effective(loaded))
    if as_json:
        shown = [{"key": key, "value": value, "origin": origin} for key, value, origin in rows]
        click.echo(json.dumps(shown))
        return
    for key, value, origin in rows:
        click.echo(f"{key} = {json.dumps(value)}  # {origin}")


@config.command()
def example() -> None:
    """A configuration file with every key, its documentation and its default."""
    click.echo(example_toml(), nl=False)


@config.command()
def docs() -> None:
    """The documentation page of every key, in Markdown."""
    click.echo(reference_markdown(), nl=False)
