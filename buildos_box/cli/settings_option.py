"""Loading the configuration for a command, with every fault at once."""

import os
from pathlib import Path

import click

from buildos_box.cli import exit_codes
from buildos_box.settings import Settings, SettingsError, load_settings


def load_or_exit(config_path: Path | None) -> Settings:
    """The settings; faults are printed with their places, and end the command with exit code 2."""
    try:
        return load_settings(config_path, dict(os.environ)).settings
    except SettingsError as error:
        for fault in error.faults:
            click.echo(str(fault), err=True)
        raise SystemExit(exit_codes.USAGE) from None
