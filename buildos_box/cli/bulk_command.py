"""`buildos-box job bulk`: one action on many jobs, counted before it is done."""

from datetime import timedelta

import click

from buildos_box.cli.completion import JOBS, LANES, STATE_LIST, TYPE_LIST, USERS
from buildos_box.cli.connection import with_client
from buildos_box.cli.find_by_name import Json, find_user, given_values
from buildos_box.cli.option_value import given
from buildos_box.cli.output import AS_JSON, YES, ask_first, say, show_json
from buildos_box.client import BoxClient
from buildos_box.clock import SystemClock, to_text
from buildos_box.plural import plural

ACTIONS = ("cancel", "retry", "promote")
DONE = {"cancel": "Cancelled", "retry": "Retried", "promote": "Promoted"}
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@click.command()
@click.argument("action", type=click.Choice(ACTIONS))
@click.argument("job_ids", type=JOBS, nargs=-1)
@click.option("--status", type=STATE_LIST, help="Only these states: failed,cancelled.")
@click.option("--type", "job_type", type=TYPE_LIST, help="Only these types, separated by commas.")
@click.option(
    "--user", "-u", "user_name", type=USERS, help="Only this user: id, mail address or name."
)
@click.option("--error", help="Only these error codes, separated by commas: worker_lost.")
@click.option("--lane", type=LANES, help="Only this lane.")
@click.option("--older", help="Only jobs created longer ago than this: 30m, 2h, 7d.")
@click.option("--dry-run", is_flag=True, help="Only count them.")
@YES
@AS_JSON
@with_client
def bulk(
    client: BoxClient,
    action: str,
    job_ids: tuple[str, ...],
    status: str | None,
    job_type: str | None,
    user_name: str | None,
    error: str | None,
    lane: str | None,
    older: str | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Cancel, retry or promote many jobs: JOB_IDS, or all that match the options.

    Shows the number first, and asks if there is any.
    """
    chosen: Json = {
        "statuses": _list(status),
        "types": _list(job_type),
        "userId": find_user(client, user_name)["id"] if user_name else None,
        "errors": _list(error),
        "lane": lane,
        "createdBefore": _before(older) if older else None,
    }
    wanted = given_values(**chosen)
    if bool(wanted) == bool(job_ids):
        raise click.UsageError("give job ids or at least one option, not both")
    body: Json = {"action": action, **({"ids": [*job_ids]} if job_ids else {"filter": wanted})}
    counted = client.post("/jobs/bulk", {**body, "dryRun": True})
    if dry_run:
        _tell(
            counted,
            f"Would {action} {counted['done']} of {plural(counted['matched'], 'job')}",
            as_json,
        )
        return
    if not counted["done"] and not yes:
        _tell(counted, _nothing(action, counted), as_json)
        return
    ask_first(f"{action.title()} {plural(counted['done'], 'job')}?", yes)
    done = client.post("/jobs/bulk", body)
    sentence = f"{DONE[action]} {done['done']:,} of {plural(done['matched'], 'job')}"
    _tell(done, sentence if done["matched"] else _nothing(action, done), as_json)


def _nothing(action: str, report: Json) -> str:
    """Why there is nothing to ask about."""
    if not report["matched"]:
        return f"No job matches; nothing to {action}."
    return f"Of {plural(report['matched'], 'job')} none can be {DONE[action].lower()}."


def _tell(report: Json, sentence: str, as_json: bool) -> None:
    if as_json:
        show_json(report)
        return
    say(sentence)
    for refused in report["refused"]:
        say(f"  {refused['id']}: {refused['reason']}")


def _list(text: str | None) -> list[str] | None:
    return None if text is None else [part.strip() for part in text.split(",") if part.strip()]


def _before(age: str) -> str:
    def read() -> timedelta:
        number, unit = age[:-1], age[-1:]
        if not (number.isascii() and number.isdigit()) or unit not in _UNITS:
            raise ValueError(f"{age!r} is not an age; write it like 30m, 2h or 7d")
        return timedelta(**{_UNITS[unit]: int(number)})

    # An OverflowError, reported like any other invalid age.
    return given("--older", lambda: to_text(SystemClock().now() - read()))
