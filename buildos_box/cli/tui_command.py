"""`buildos-box tui`: the terminal dashboard."""

import sys

import click

from buildos_box.cli import exit_codes
from buildos_box.cli.connection import with_client
from buildos_box.cli.output import clean
from buildos_box.client import BoxClient, BoxRefused


@click.command()
@click.option("--read-only", is_flag=True, help="Look, but change nothing.")
@with_client
def tui(client: BoxClient, read_only: bool) -> None:
    """Watch and steer a box in the terminal, live."""
    try:
        client.get("/queue/stats")
    except BoxRefused as error:
        if error.status in (401, 403):
            click.echo(f"{clean(str(error))} (--token or BUILDOS_BOX_TOKEN)", err=True)
            sys.exit(exit_codes.DENIED)
        raise
    from buildos_box.tui.app import BoxApp

    app = BoxApp(client.url, client.token, read_only=read_only)
    app.run()
    if app.refusal:
        click.echo(clean(app.refusal), err=True)
    sys.exit(app.return_code or exit_codes.OK)
