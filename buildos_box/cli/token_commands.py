"""`buildos-box token create|list|revoke`."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import click

from buildos_box.cli.completion import SCOPE, TOKENS
from buildos_box.cli.connection import with_client
from buildos_box.cli.option_value import given
from buildos_box.cli.output import AS_JSON, as_table, say, show_json, show_table, shown_time
from buildos_box.client import BoxClient, url_path
from buildos_box.clock import SystemClock, at_wall_time, from_text, to_text
from buildos_box.workspace.written_dates import read_due

UTC = ZoneInfo("UTC")


@click.group()
def token() -> None:
    """API tokens. Needs an admin's token; times are in UTC."""


@token.command()
@click.argument("name")
@click.option(
    "--scope",
    type=SCOPE,
    required=True,
    help="admin, service, viewer (only reads), or user:ID.",
)
@click.option("--expires", help="The last day it is valid, or a time: 2027-01-31, in 90 days.")
@AS_JSON
@with_client
def create(client: BoxClient, name: str, scope: str, expires: str | None, as_json: bool) -> None:
    """Issue a token. It is shown only once: the server stores just a hash."""
    body = {"name": name, "scope": scope, "expiresAt": _expiry(expires)}
    made = client.post("/tokens", body)
    if as_json:
        show_json(made)
        return
    click.echo(f"Token {made['id']}, shown only once:", err=True)
    click.echo(made["token"])


@token.command(name="list")
@as_table
@with_client
def list_tokens(client: BoxClient, as_json: bool) -> None:
    """Every token's record, newest first."""
    found = client.get("/tokens")["tokens"]
    if as_json:
        show_json(found)
        return
    now = SystemClock().now()
    rows = [
        [t["id"], t["name"], t["scope"], shown_time(t["createdAt"], UTC), _state(t, now)]
        for t in found
    ]
    show_table(["id", "name", "scope", "made (UTC)", "state"], rows, empty="No token.")


@token.command()
@click.argument("token_id", type=TOKENS)
@AS_JSON
@with_client
def revoke(client: BoxClient, token_id: str, as_json: bool) -> None:
    """Make a token invalid at once, by its id."""
    client.delete(url_path("tokens", token_id))
    if as_json:
        show_json({"id": token_id, "revoked": True})
    else:
        say(f"Revoked {token_id}")


def _expiry(text: str | None) -> str | None:
    if text is None:
        return None
    found = given("--expires", lambda: read_due(text, UTC, SystemClock().now()))
    if not isinstance(found, datetime):
        day = found
        found = given("--expires", lambda: at_wall_time(day + timedelta(days=1), time(0), UTC))
    return to_text(found)


def _state(token: dict[str, str | None], now: datetime) -> str:
    if token["revokedAt"]:
        return f"revoked {shown_time(token['revokedAt'], UTC)}"
    if token["expiresAt"] is None:
        return "valid"
    verb = "expired" if from_text(token["expiresAt"]) <= now else "valid until"
    return f"{verb} {shown_time(token['expiresAt'], UTC)}"
