"""`buildos-box tui`: the terminal dashboard."""

import sys

import click

from buildos_box.cli import exit_codes
from buildos_box.cli.connection import with_client
from buildos_box.cli.output import clean
from buildos_box.client import BoxClient, BoxRefused
from buildos_box.version import VERSION


def _show_version(context: click.Context, _option: click.Parameter, asked: bool) -> None:
    """Imports the dashboard, so that a version that is printed is one that can start."""
    if not asked or context.resilient_parsing:
        return
    import textual

    from buildos_box.tui.app import BoxApp

    click.echo(f"{BoxApp.TITLE or 'BuildOS Box'} {VERSION}, Textual {textual.__version__}")
    context.exit()


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
@with_client
def tui(client: BoxClient, read_only: bool) -> None:
    """Watch and control a server in the terminal, live."""
    from buildos_box.tui.app import BoxApp

    try:
        client.get("/queue/stats")
    except BoxRefused as error:
        if error.status in (401, 403):
            click.echo(f"{clean(str(error))} (--token or BUILDOS_BOX_TOKEN)", err=True)
            sys.exit(exit_codes.DENIED)
        raise
    app = BoxApp(client.url, client.token, read_only=read_only)
    app.run()
    if app.refusal:
        click.echo(clean(app.refusal), err=True)
    sys.exit(app.return_code or exit_codes.OK)
