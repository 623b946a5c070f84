"""The root command: with `--json`, failures are JSON on standard error."""

import json
import sys
from collections.abc import Sequence
from typing import Any

import click

from buildos_box.cli import exit_codes
from buildos_box.cli.lazy_group import LazyGroup


class RootCommand(LazyGroup):
    """Runs the command line, and says with `--json` in JSON why it failed."""

    def main(self, args: Sequence[str] | None = None, *more: Any, **options: Any) -> Any:
        """Run the command line and exit."""
        given = list(sys.argv[1:] if args is None else args)
        if "--json" not in given or not options.get("standalone_mode", True):
            return super().main(given, *more, **options)
        try:
            # What `context.exit()` gave is returned instead of ending the process.
            code = super().main(given, *more, **{**options, "standalone_mode": False})
        except click.ClickException as error:
            from buildos_box.cli.error_output import as_json

            _show(as_json(error))
            sys.exit(error.exit_code)
        except click.Abort:
            click.echo(err=True)  # The question that was not answered stands on this line.
            _show({"error": "aborted", "code": "aborted"})
            sys.exit(exit_codes.FAILED)
        sys.exit(code if isinstance(code, int) else exit_codes.OK)


def _show(shape: dict[str, Any]) -> None:
    click.echo(json.dumps(shape, ensure_ascii=False), err=True)
