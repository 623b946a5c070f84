"""`buildos-box reload`, and the word about a configuration that is not in force."""

import click

from buildos_box.cli.connection import with_client
from buildos_box.cli.find_by_name import Json
from buildos_box.cli.output import AS_JSON, say, show_json
from buildos_box.client import BoxClient, BoxRefused


@click.command()
@AS_JSON
@with_client
def reload(client: BoxClient, as_json: bool) -> None:
    """Let the running server read its configuration again.

    Mail, language models, limits, SMS, chat, weather, briefs, backup and the log level are applied
    at once; for the rest it says what needs a restart. If anything is wrong, nothing is applied.
    """
    done = client.post("/configuration/reload")
    if as_json:
        show_json(done)
        return
    say(f"Applied: {', '.join(done['reload'])}" if done["reload"] else "Nothing to apply.")
    if done["restart"]:
        say(f"Restart to apply: {', '.join(done['restart'])}")


def warn_of_changes(client: BoxClient) -> None:
    """Say on standard error that the configuration is another than the one in force."""
    for sentence in changes_in_words(client):
        click.echo(f"note: {sentence}", err=True)


def changes_in_words(client: BoxClient) -> list[str]:
    """What has changed since the server read its configuration, and how to apply it.

    Empty if nothing has, or if this token may not know.
    """
    try:
        found: Json = client.get("/configuration/changes")
    except BoxRefused as error:
        if error.status != 422:
            return []
        faults = "; ".join(f"{one['field']}: {one['message']}" for one in error.details)
        return [f"the configuration has faults and could not be applied: {faults}"]
    said = []
    if found["reload"]:
        said.append(f"buildos-box reload to apply: {', '.join(found['reload'])}")
    if found["restart"]:
        said.append(f"restart to apply: {', '.join(found['restart'])}")
    return said
