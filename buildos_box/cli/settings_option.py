"""Loading the configuration for a command, with every fault at once."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from buildos_box.cli import exit_codes

if TYPE_CHECKING:
    from buildos_box.cli.error_output import Failed
    from buildos_box.settings import Loaded, Settings, SettingsError

CONFIG = click.option(
    "--config", "config_path", type=click.Path(path_type=Path), help="The configuration file."
)


def load_or_exit(config_path: Path | None) -> "Settings":
    """The settings. Raises Failed, as `loaded_or_exit`."""
    return loaded_or_exit(config_path).settings


def loaded_or_exit(config_path: Path | None) -> "Loaded":
    """The settings with their origins.

    Raises Failed with every fault and its place, which ends the command with exit code 2.
    """
    # Imported here: what needs no settings starts sooner without them.
    from buildos_box.settings import SettingsError, load_settings

    try:
        return load_settings(config_path, dict(os.environ))
    except SettingsError as error:
        raise invalid_settings(error) from None


def invalid_settings(error: "SettingsError") -> "Failed":
    """The failure of a command whose settings are not valid."""
    from buildos_box.cli.error_output import Failed

    return Failed(
        str(error),
        code="invalid_settings",
        exit_code=exit_codes.USAGE,
        details=[{"field": f.key, "message": f.message, "where": f.where} for f in error.faults],
    )
