"""Shell completion of what the box knows: ids, names, types, lanes, states, zones.

The running box is asked, for a second at most; whatever goes wrong, nothing is offered
(docs/spec.md#cli-completion).
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator

import click
from click.shell_completion import CompletionItem, get_completion_class
from click.types import StringParamType

from buildos_box.cli.connection import local_client
from buildos_box.cli.find_by_name import Json, label, person
from buildos_box.client import BoxClient, url_path

SECONDS = 1.0
MOST = 200
STATES = (
    "pending", "scheduled", "processing", "queued_for_retry", "completed", "failed", "cancelled",
)  # fmt: skip
SCOPES = ("admin", "service", "viewer")
PROGRAM = "buildos-box"
VARIABLE = "_BUILDOS_BOX_COMPLETE"
SHELLS = ("bash", "zsh", "fish")
_PLAIN = re.compile(r"[\w.@+-]+")
"""A name that no shell breaks into pieces."""

Offers = Iterable[tuple[str, str]]
"""Values and what they stand for: an id and its name."""
Ask = Callable[[BoxClient, click.Context], Offers]


class Known(StringParamType):
    """A text that the running box can complete; `listed` allows several, with commas."""

    def __init__(self, ask: Ask, *, listed: bool = False) -> None:
        self._ask = ask
        self._listed = listed

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """What begins with the text so far, by id or by name."""
        before, last = _parts(incomplete, self._listed)
        try:
            with _client(ctx) as client:
                offers = list(self._ask(client, ctx))
        # No box, no right to ask, an answer of another version: a shell must not print errors.
        except (Exception, SystemExit):
            return []
        return [
            CompletionItem(before + value, help=named or None)
            for value, named in matching(offers, last)
        ]


class Among(StringParamType):
    """A text that is completed from what is known without a box."""

    def __init__(self, values: Callable[[], Iterable[str]], *, listed: bool = False) -> None:
        self._values = values
        self._listed = listed

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """What begins with the text so far, whatever its case."""
        before, last = _parts(incomplete, self._listed)
        return [
            CompletionItem(before + value)
            for value, _ in matching(((value, "") for value in sorted(self._values())), last)
        ]


def _parts(incomplete: str, listed: bool) -> tuple[str, str]:
    """What is there already with its comma, and the part to complete."""
    head, comma, last = incomplete.rpartition(",") if listed else ("", "", incomplete)
    return head + comma, last


def matching(offers: Offers, start: str) -> Iterator[tuple[str, str]]:
    """Those whose id or name begins with that text.

    A name that a shell would break is offered as its id.
    """
    wanted = start.casefold()
    for key, name in offers:
        if key.casefold().startswith(wanted):
            yield key, name
        elif name.casefold().startswith(wanted):
            yield (name, key) if _PLAIN.fullmatch(name) else (key, name)


def _client(context: click.Context) -> BoxClient:
    given = context.params
    url = given.get("url") or os.environ.get("BUILDOS_BOX_URL")
    token = given.get("token") or os.environ.get("BUILDOS_BOX_TOKEN")
    return local_client(url, token, given.get("config_path"), timeout_seconds=SECONDS)


def _named(things: Iterable[Json]) -> Offers:
    return [(str(thing["id"]), label(thing)) for thing in things]


def _users(client: BoxClient, _context: click.Context) -> Offers:
    return _named(client.get("/users", limit=MOST)["items"])


def _owned(kind: str) -> Ask:
    """What belongs to the user that the command is about."""

    def ask(client: BoxClient, context: click.Context) -> Offers:
        name = context.params.get("user_name") or os.environ.get("BUILDOS_BOX_USER")
        owner = person(client, name)
        return _named(client.get(url_path("users", owner.id, kind), limit=MOST)["items"])

    return ask


def _jobs(client: BoxClient, _context: click.Context) -> Offers:
    found = client.get("/jobs", limit=100)["jobs"]
    return [(job["id"], f"{job['job_type']} {job['status']}") for job in found]


def _types(client: BoxClient, _context: click.Context) -> Offers:
    found = client.get("/queue/stats")["stats"]
    return [(name, "") for name in sorted({row["job_type"] for row in found})]


def _lanes(client: BoxClient, _context: click.Context) -> Offers:
    return [(lane["name"], "") for lane in client.get("/queue/lanes")["lanes"]]


def _crons(client: BoxClient, _context: click.Context) -> Offers:
    return [(cron["name"], cron["does"]) for cron in client.get("/schedule")["crons"]]


def _tokens(client: BoxClient, _context: click.Context) -> Offers:
    found = client.get("/tokens")["tokens"]
    return [(token["id"], token["name"]) for token in found if token["revokedAt"] is None]


def _scopes(client: BoxClient, context: click.Context) -> Offers:
    return [*((scope, "") for scope in SCOPES),
            *((f"user:{key}", name) for key, name in _users(client, context))]  # fmt: skip


def _zones() -> Iterable[str]:
    from zoneinfo import available_timezones

    return available_timezones()


USERS = Known(_users)
PROJECTS = Known(_owned("projects"))
TASKS = Known(_owned("tasks"))
NOTES = Known(_owned("notes"))
EVENTS = Known(_owned("calendar-events"))
FEEDS = Known(_owned("calendar-feeds"))
ACCOUNTS = Known(_owned("caldav-accounts"))
MAILS = Known(_owned("emails"))
JOBS = Known(_jobs)
TYPES = Known(_types)
TYPE_LIST = Known(_types, listed=True)
STATE_LIST = Among(lambda: STATES, listed=True)
LANES = Known(_lanes)
CRONS = Known(_crons)
TOKENS = Known(_tokens)
SCOPE = Known(_scopes)
ZONE = Among(_zones)
USER = click.option(
    "--user",
    "-u",
    "user_name",
    envvar="BUILDOS_BOX_USER",
    type=USERS,
    help="The user: an id, a mail address or a name. Not needed if there is only one user.",
)


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print the script that completes commands, options, ids and names in a shell.

    \b
    bash, in ~/.bashrc:   eval "$(buildos-box completion bash)"
    zsh, in ~/.zshrc:     eval "$(buildos-box completion zsh)"
    fish:                 buildos-box completion fish > ~/.config/fish/completions/buildos-box.fish
    """  # noqa: D301  # click wants the character itself, not a backslash and a letter
    chosen = get_completion_class(shell)
    assert chosen is not None
    main = click.get_current_context().find_root().command
    click.echo(chosen(main, {}, PROGRAM, VARIABLE).source())
