"""`buildos-box mcp`: the server for an assistant on this machine."""

import click

from buildos_box.cli.connection import with_client
from buildos_box.client import BoxClient


@click.command()
@with_client
def mcp(client: BoxClient) -> None:
    """Serve the Model Context Protocol on standard input and output, for a local assistant.

    Its tools do what the token may do: give a person's own token for their assistant.
    """
    from buildos_box.mcp.stdio import serve_stdio

    client.get("/me")
    serve_stdio(client.url, client.token)
