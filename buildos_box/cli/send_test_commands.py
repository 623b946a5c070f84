"""`buildos-box send-test email|sms|push|chat`."""

import click

from buildos_box.cli import exit_codes
from buildos_box.cli.completion import USERS
from buildos_box.cli.connection import with_client
from buildos_box.cli.find_by_name import Json
from buildos_box.cli.output import AS_JSON, clean, say, show_json
from buildos_box.cli.reload_command import warn_of_changes
from buildos_box.client import BoxClient
from buildos_box.plural import plural

PATIENCE_SECONDS = 200.0
"""Longer than any of these jobs may take, so that how it ended is told."""
ASK_EVERY_SECONDS = 0.1


@click.group(name="send-test")
def send_test() -> None:
    """Send one test message, and wait for the provider's answer."""


@send_test.command()
@click.argument("address")
@AS_JSON
@with_client
def email(client: BoxClient, address: str, as_json: bool) -> None:
    """Send a test mail to ADDRESS over the configured transport."""
    job = _ended(client, client.post("/queue/test-email", {"to": address}), as_json=as_json)
    if not as_json:
        result = job["result"]
        say(_mail_outcome(result["transport"], address, result["messageId"]))


@send_test.command()
@click.argument("number")
@AS_JSON
@with_client
def sms(client: BoxClient, number: str, as_json: bool) -> None:
    """Send a test SMS to NUMBER, written like +14155552671."""
    job = _ended(client, client.post("/queue/test-sms", {"to": number}), as_json=as_json)
    if not as_json:
        say(f"Handed to Twilio for {number} as {job['result']['twilioSid']}")


@send_test.command()
@click.argument("user", type=USERS)
@AS_JSON
@with_client
def push(client: BoxClient, user: str, as_json: bool) -> None:
    """Send a test message to the browsers of USER (an id) that have subscribed."""
    job = _ended(client, client.post("/queue/test-push", {"userId": user}), as_json=as_json)
    if not as_json:
        result = job["result"]
        say(f"Handed to the push services of {plural(result['sent'], 'browser')}")
        for fault in result["failed"]:
            click.echo(clean(f"Not sent: {fault}"), err=True)


@send_test.command()
@click.argument("user", type=USERS)
@AS_JSON
@with_client
def chat(client: BoxClient, user: str, as_json: bool) -> None:
    """Send a test message to the confirmed chat address of USER (an id)."""
    job = _ended(client, client.post("/queue/test-chat", {"userId": user}), as_json=as_json)
    if not as_json:
        say(f"Handed to {job['result']['service']} as {job['result']['messageId']}")


def _mail_outcome(transport: str, address: str, answer: str) -> str:
    """What became of the mail; the answer is the mail server's own words, a file or an id."""
    match transport:
        case "outbox":
            return f"Written to the outbox for {address}: {answer} (email.transport is outbox)"
        case "smtp":
            return f"The mail server took it for {address}; it said: {answer}"
        case _:
            return f"The {transport} took it for {address}: {answer}"


def _ended(client: BoxClient, queued: Json, *, as_json: bool) -> Json:
    """The finished job; a failed one ends the command with its reason."""
    warn_of_changes(client)
    *_, job = client.follow(
        queued["jobId"], every_seconds=ASK_EVERY_SECONDS, timeout_seconds=PATIENCE_SECONDS
    )
    if as_json:
        show_json(job)
    if job["status"] == "completed":
        return job
    if not as_json:
        why = job["error"] or job["cancel_reason"]
        click.echo(clean(f"Not sent ({job['id']}): {why}"), err=True)
    raise SystemExit(exit_codes.FAILED)
