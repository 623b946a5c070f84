"""`buildos-box forecast`: what will be sent to whom in the coming days."""

from zoneinfo import ZoneInfo

import click

from buildos_box.cli.completion import USERS
from buildos_box.cli.connection import with_client
from buildos_box.cli.find_by_name import Json
from buildos_box.cli.output import as_table, show_json, show_table, shown_time
from buildos_box.client import BoxClient
from buildos_box.plural import plural

UTC = ZoneInfo("UTC")


@click.command()
@click.option(
    "--user", type=USERS, default=None, help="Only this user; times are then in their zone."
)
@click.option("--days", type=click.IntRange(1, 62), default=7, show_default=True)
@as_table
@with_client
def forecast(client: BoxClient, user: str | None, days: int, as_json: bool) -> None:
    """What will be sent to whom in the coming days, what is delayed, what is skipped and why.

    Based on today's data; nothing is sent or written.
    """
    found = client.forecast(days=days, user=user)
    if as_json:
        show_json(found)
        return
    zone = UTC
    if user is not None:
        zone = ZoneInfo(client.get(f"/users/{user}")["timezone"])
    rows = [
        [
            shown_time(one["at"], zone),
            one["userId"],
            one["kind"],
            one["channel"],
            one.get("briefDate") or one.get("title") or "",
            _outcome(one, zone),
        ]
        for one in found["deliveries"]
    ]
    heads = [f"when ({zone.key})", "user", "what", "by", "of", "outcome"]
    show_table(heads, rows, empty=f"Nothing will be sent in {plural(days, 'day')}.")
    if found["more"]:
        click.echo("There is more; --user or fewer --days show all.", err=True)


def _outcome(one: Json, zone: ZoneInfo) -> str:
    if one["outcome"] == "skip":
        return f"skipped: {one['reason']}"
    if one.get("movedFrom"):
        return f"moved from {shown_time(one['movedFrom'], zone)}: {one['reason']}"
    return "sent"
