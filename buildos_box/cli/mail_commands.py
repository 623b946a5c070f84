"""`buildos-box mail list|show|status|unsubscribe|bounces|unbounce`."""

import click

from buildos_box.cli.completion import MAILS, USER
from buildos_box.cli.connection import with_client
from buildos_box.cli.find_by_name import person
from buildos_box.cli.output import (
    AS_JSON,
    as_table,
    clean,
    say,
    show_facts,
    show_json,
    show_table,
    shown_second,
    shown_time,
)
from buildos_box.client import BoxClient, url_path
from buildos_box.clock import zone_or_utc

SCOPES = ("briefs", "notifications", "all", "none")
UTC = zone_or_utc("UTC")


@click.group()
def mail() -> None:
    """Mails, their outcome, and addresses that bounced."""


@mail.command(name="list")
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True)
@USER
@as_table
@with_client
def list_mails(client: BoxClient, limit: int, user_name: str | None, as_json: bool) -> None:
    """A user's mails with their opens and clicks, newest first."""
    owner = person(client, user_name)
    found = client.get(url_path("users", owner.id, "emails"), limit=limit)["items"]
    if as_json:
        show_json(found)
        return
    heads = ["id", "when", "subject", "status", "opens", "clicks"]
    rows = [
        [
            m["id"],
            shown_time(m["sentAt"] or m["sendAt"], owner.zone),
            m["subject"],
            m["status"],
            str(m["openCount"]),
            str(m["clickCount"]),
        ]
        for m in found
    ]
    show_table(heads, rows, empty="No mail.")


@mail.command()
@click.argument("key", type=MAILS, metavar="ID")
@USER
@as_table
@with_client
def show(client: BoxClient, key: str, user_name: str | None, as_json: bool) -> None:
    """One mail: its text and its delivery log."""
    owner = person(client, user_name)
    found = client.get(url_path("users", owner.id, "emails", key))
    if as_json:
        show_json(found)
        return
    said = found["mail"]
    show_facts(
        [
            ("id", said["id"]),
            ("to", said["address"]),
            ("subject", said["subject"]),
            ("status", said["status"]),
            ("because", said["reason"]),
            ("opened", shown_time(said["openedAt"], owner.zone)),
            ("clicked", shown_time(said["clickedAt"], owner.zone)),
        ]
    )
    rows = [
        [shown_second(line["at"], owner.zone), line["status"], line["detail"] or ""]
        for line in found["log"]
    ]
    click.echo()
    show_table(["at", "status", "detail"], rows, empty="No log.")
    click.echo("\n" + clean(found["text"]).rstrip())


@mail.command()
@USER
@AS_JSON
@with_client
def status(client: BoxClient, user_name: str | None, as_json: bool) -> None:
    """A user's mail settings, and whether their address has bounced."""
    owner = person(client, user_name)
    found = client.get(url_path("users", owner.id, "mail"))
    if as_json:
        show_json(found)
        return
    bounce = found["bounce"]
    show_facts(
        [
            ("mail", found["address"]),
            ("unsubscribed from", ", ".join(found["unsubscribed"]) or "nothing"),
            ("tracking", "yes" if found["tracking"] else "no"),
            ("bounced", shown_time(bounce["at"], owner.zone) if bounce else None),
            ("because", bounce["reason"] if bounce else None),
        ]
    )


@mail.command()
@click.argument("scopes", nargs=-1, required=True, type=click.Choice(SCOPES))
@USER
@with_client
def unsubscribe(client: BoxClient, scopes: tuple[str, ...], user_name: str | None) -> None:
    """Set which mail a user does not get: briefs, notifications, all, or none of these."""
    owner = person(client, user_name)
    wanted = [scope for scope in dict.fromkeys(scopes) if scope != "none"]
    if len(wanted) != len(set(scopes)) and wanted:
        raise click.UsageError("none cannot be combined with others")
    path = url_path("users", owner.id, "mail")
    found = client.put(path, {"unsubscribed": wanted})["unsubscribed"]
    say(f"{owner.name} is unsubscribed from {', '.join(found) or 'nothing'}")


@mail.command()
@as_table
@with_client
def bounces(client: BoxClient, as_json: bool) -> None:
    """Addresses that bounced: nothing is sent there until that is cleared."""
    found = list(client.items("/emails/bounces", limit=200))
    if as_json:
        show_json(found)
        return
    rows = [[shown_time(b["at"], UTC), b["address"], b["userId"], b["reason"]] for b in found]
    show_table(["when (UTC)", "address", "user", "because"], rows, empty="No address has bounced.")


@mail.command()
@USER
@with_client
def unbounce(client: BoxClient, user_name: str | None) -> None:
    """Send mail to a user's address again."""
    owner = person(client, user_name)
    client.delete(url_path("users", owner.id, "mail", "bounce"))
    say(f"Mail to {owner.name} will be sent again")
