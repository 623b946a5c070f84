"""`buildos-box user chat|confirm-chat`: where a person's chat messages go."""

import click

from buildos_box.cli.completion import USERS
from buildos_box.cli.connection import with_client
from buildos_box.cli.find_by_name import Json, find_user
from buildos_box.cli.output import AS_JSON, say, show_json, shown_time
from buildos_box.client import BoxClient, url_path
from buildos_box.clock import zone_or_utc

NONE = "none"


@click.command()
@click.argument("name", type=USERS)
@click.argument("service", required=False)
@click.argument("target", required=False)
@click.option("--confirmed", is_flag=True, help="You know that it is theirs: no code is sent.")
@AS_JSON
@with_client
def chat(
    client: BoxClient,
    name: str,
    service: str | None,
    target: str | None,
    confirmed: bool,
    as_json: bool,
) -> None:
    """Set where a user's chat messages go, and send a code there.

    SERVICE is one of the box's chat services and TARGET the user's own part of its address: a
    topic, a token, a chat's number. `none` as SERVICE takes it away; without both it is shown.
    """
    found = find_user(client, name)
    path = url_path("users", found["id"], "chat")
    if service == NONE:
        client.delete(path)
    elif service is not None:
        _ask(client, found, service, target, confirmed, as_json=as_json)
        return
    now = client.get(path)
    if as_json:
        show_json(now)
    else:
        say(shown_chat(now) or _offer(now))


def _ask(
    client: BoxClient,
    found: Json,
    service: str,
    target: str | None,
    confirmed: bool,
    *,
    as_json: bool,
) -> None:
    if target is None:
        raise click.UsageError("give the user's part of the address as well; see --help")
    body = {"service": service, "target": target, **({"confirmed": True} if confirmed else {})}
    done = client.post(url_path("users", found["id"], "chat"), body)
    if as_json:
        show_json(done)
    elif done["confirmed"]:
        say(f"{found['name']}'s chat messages go to {service}")
    else:
        until = shown_time(done["expiresAt"], zone_or_utc(found["timezone"]))
        say(f"A code goes to {service}; it is valid until {until}")
        say(f"Then: buildos-box user confirm-chat {found['id']} CODE")


@click.command(name="confirm-chat")
@click.argument("name", type=USERS)
@click.argument("code")
@AS_JSON
@with_client
def confirm_chat(client: BoxClient, name: str, code: str, as_json: bool) -> None:
    """Confirm the user's chat address with the code that came there."""
    found = find_user(client, name)
    done = client.post(url_path("users", found["id"], "chat", "verify"), {"code": code})
    if as_json:
        show_json(done)
    else:
        say(f"{found['name']}'s chat messages go to {done['service']}")


def shown_chat(chat: Json) -> str | None:
    """The service and the beginning of the target; None if there is no address."""
    if chat["service"] is None:
        return None
    gone = "" if chat["available"] else " (no longer configured)"
    return f"{chat['service']} {chat['target']}{gone}"


def _offer(chat: Json) -> str:
    if not chat["services"]:
        return "This box has no chat service; [chat.<name>] in its configuration adds one"
    offered = "; ".join(f"{one['name']} ({one['hint']})" for one in chat["services"])
    return f"No chat address. This box offers: {offered}"
