"""`buildos-box tui`: the terminal dashboard."""

import functools
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from buildos_box.cli import exit_codes
from buildos_box.cli.connection import with_client
from buildos_box.cli.output import clean
from buildos_box.client import BoxClient, BoxRefused
from buildos_box.version import VERSION

if TYPE_CHECKING:
    from buildos_box.tui.glyphs import Glyphs

NO_TERMINAL = (
    "The dashboard needs a terminal for its keys and its screen; "
    "`buildos-box queue stats` and `job list` print without one."
)


def _show_version(context: click.Context, _option: click.Parameter, asked: bool) -> None:
    """Imports the dashboard, so that a version that is printed is one that can start."""
    if not asked or context.resilient_parsing:
        return
    import textual

    from buildos_box.tui.app import BoxApp

    click.echo(f"{BoxApp.TITLE or 'BuildOS Box'} {VERSION}, Textual {textual.__version__}")
    context.exit()


def terminal_needed(command: Callable[..., None]) -> Callable[..., None]:
    """Ends with a sentence where there is no terminal, before a server is asked for anything."""

    @functools.wraps(command)
    def checked(*args: Any, **options: Any) -> None:
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            click.echo(NO_TERMINAL, err=True)
            sys.exit(exit_codes.USAGE)
        command(*args, **options)

    return checked


@click.command()
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the dashboard's version and exit.",
)
@click.option("--read-only", is_flag=True, help="Look, but change nothing.")
@click.option(
    "--signs",
    type=click.Choice(["braille", "blocks", "ascii"]),
    help="What charts and marks are drawn with; by the terminal if not given.",
)
@terminal_needed
@with_client
def tui(client: BoxClient, read_only: bool, signs: "Glyphs | None") -> None:
    """Watch and control a server in the terminal, live."""
    from buildos_box.tui.app import BoxApp
    from buildos_box.tui.glyphs import glyphs_for

    try:
        client.get("/queue/stats")
    except BoxRefused as error:
        if error.status in (401, 403):
            click.echo(f"{clean(str(error))} (--token or BUILDOS_BOX_TOKEN)", err=True)
            sys.exit(exit_codes.DENIED)
        raise
    chosen, why = glyphs_for(os.environ)
    if signs is not None:
        chosen, why = signs, "--signs"
    click.echo(f"Drawn with {chosen} signs ({why}); --signs chooses others.", err=True)
    app = BoxApp(client.url, client.token, read_only=read_only, signs=chosen)
    app.run()
    if app.refusal:
        click.echo(clean(app.refusal), err=True)
    sys.exit(app.return_code or exit_codes.OK)
