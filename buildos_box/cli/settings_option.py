"""Loading the configuration for a command, with every fault at once."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from buildos_box.cli import exit_codes

if TYPE_CHECKING:
    from buildos_box.settings import Settings

CONFIG = click.option(
    "--config", "config_path", type=click.Path(path_type=Path), help="The configuration file."
)


def load_or_exit(config_path: Path | None) -> "Settings":
    """The settings; faults are printed with their places, and end the command with exit code 2."""
    # Imported here: what needs no settings starts sooner without them.
    from buildos_box.settings import SettingsError, load_settings

    try:
        return load_settings(config_path, dict(os.environ)).settings
    except SettingsError as error:
        for fault in error.faults:
            click.echo(str(fault), err=True)
        raise SystemExit(exit_codes.USAGE) from None
