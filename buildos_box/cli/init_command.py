"""`buildos-box init`: the first configuration and the first person, asked for or by options.

The rules: docs/spec.md#cli-init.
"""

import os
import sys
from functools import partial
from pathlib import Path

import click

from buildos_box.auth.tokens import write_private
from buildos_box.cli.completion import ZONE
from buildos_box.cli.connection import call_or_exit, client_for
from buildos_box.cli.error_output import Failed
from buildos_box.cli.file_faults import writing
from buildos_box.cli.init_answers import MAIL, MODELS, Answers, config_text, settings_of
from buildos_box.cli.init_first_user import add_offline
from buildos_box.cli.init_questions import ask_all
from buildos_box.cli.init_tests import faults_of
from buildos_box.cli.option_value import given
from buildos_box.cli.output import YES, say
from buildos_box.cli.settings_option import invalid_settings
from buildos_box.clock import is_zone
from buildos_box.db import Holder
from buildos_box.email_address import parse
from buildos_box.locales.tags import tag_of
from buildos_box.settings import Settings, SettingsError
from buildos_box.settings.load import DEFAULT_FILE

NOT_A_TERMINAL = (
    "there is no terminal to ask at; say it by options, for example: "
    "buildos-box init --person Ada --email ada@example.org --timezone Europe/Berlin"
)
SECURITY = ("starttls", "tls", "none")


@click.command()
@click.option("--config", "config_path", default=DEFAULT_FILE, show_default=True,
              type=click.Path(dir_okay=False, path_type=Path),
              help="The file to write.")  # fmt: skip
@click.option("--data", help="Folder of the database; `data` by default.")
@click.option("--address", help="Where people reach the box: https://box.example.org.")
@click.option("--mail", type=click.Choice(MAIL), help="outbox writes files; smtp sends.")
@click.option("--from", "from_address", help="Sender's address of mail.")
@click.option("--smtp-host", help="The mail server's name.")
@click.option("--smtp-port", type=click.IntRange(1, 65535), help="587, or 465 with tls.")
@click.option("--smtp-security", type=click.Choice(SECURITY), help="starttls by default.")
@click.option("--smtp-username", help="Account at the mail server; none by default.")
@click.option("--smtp-password-file", type=click.File(), help="A file with its password.")
@click.option("--model-provider", "provider", type=click.Choice(MODELS),
              help="The language model's provider; none by default.")  # fmt: skip
@click.option("--model", help="Which model; the provider's usual one by default.")
@click.option("--model-url", help="Its address, if it is another than the provider's usual one.")
@click.option("--model-key-file", type=click.File(), help="A file with its API key.")
@click.option("--person", help="Name of the first person who gets briefs.")
@click.option("--email", help="Their mail address.")
@click.option("--timezone", type=ZONE, help="Their IANA zone, like Europe/Berlin.")
@click.option("--locale", help="What they, and all who choose none, are written to in.")
@click.option("--no-test", is_flag=True, help="Try neither the mail server nor the model.")
@YES
def init(config_path: Path, no_test: bool, yes: bool, **options: object) -> None:
    """Write the configuration and add the first person.

    Asks at a terminal, or takes everything from options. The mail server is logged in to and the
    language model is called before anything is written. The file is readable by you alone; one that
    is there is replaced only after a yes (or --yes), and kept beside it.
    """
    answers = Answers.of(options)
    asks = not answers.given
    if asks and not sys.stdin.isatty():
        raise click.UsageError(NOT_A_TERMINAL)
    _may_replace(config_path, yes=yes, asks=asks)
    if asks:
        answers = ask_all(answers, test=not no_test)
    _refuse_impossible_person(answers)
    settings = _checked(config_path, answers)
    if not asks and not no_test:
        _refuse_untested(settings)
    _write(config_path, config_text(answers))
    say(f"Wrote {config_path}, readable by you alone.")
    user_id = _add_person(settings, answers)
    _tell_next(config_path, settings, user_id)


def _may_replace(path: Path, *, yes: bool, asks: bool) -> None:
    """Raises Abort if the answer is no, Failed if nobody can be asked."""
    if not path.exists() or yes:
        return
    if not asks and not sys.stdin.isatty():
        raise Failed(f"{path} is there already; --yes replaces it", code="exists")
    click.confirm(f"{path} is there already. Replace it?", abort=True, err=True)


def _refuse_impossible_person(answers: Answers) -> None:
    """Raises BadParameter: a file would be written, and then the person refused."""
    if answers.timezone is not None and not is_zone(answers.timezone):
        wrong = f"{answers.timezone!r} is not an IANA time zone like Europe/Berlin"
        raise click.BadParameter(wrong, param_hint="--timezone")
    if answers.locale is not None:
        given("--locale", partial(tag_of, answers.locale))
    for name, address in (("--email", answers.email), ("--from", answers.from_address)):
        if address is not None:
            given(name, partial(parse, address))


def _checked(path: Path, answers: Answers) -> Settings:
    """The settings as `serve` will read them. Raises Failed with every fault."""
    try:
        with writing(path):
            return settings_of(answers, path.absolute().parent)
    except SettingsError as error:
        raise invalid_settings(error) from None


def _refuse_untested(settings: Settings) -> None:
    found = faults_of(settings)
    if found:
        lines = [f"{one.message}{f' → {one.cure}' if one.cure else ''}" for one in found]
        raise Failed(
            "\n".join(lines), code="test_failed",
            hint="Nothing was written; --no-test writes it all the same.",
        )  # fmt: skip


def _write(path: Path, text: str) -> None:
    with writing(path):
        if path.exists():
            os.replace(path, path.with_name(f"{path.name}.before"))
        write_private(path, text.encode())


def _add_person(settings: Settings, answers: Answers) -> str | None:
    """The id of the first person; None if none was named."""
    if not answers.person:
        return None
    body = {"name": answers.person, "email": answers.email, "timezone": answers.timezone}
    body = {name: value for name, value in body.items() if value}
    folder = Path(settings.data.dir)
    if folder.is_dir() and Holder.of(folder) is not None:
        with client_for(settings, None, None) as client:
            made = call_or_exit(client.post, "/users", body)
    else:
        with writing(f"the data folder {folder}"):
            made = call_or_exit(add_offline, settings, body)
    say(f"Made user {made['name']} ({made['id']}), {made['timezone']}")
    return str(made["id"])


def _tell_next(path: Path, settings: Settings, user_id: str | None) -> None:
    config = "" if path == Path(DEFAULT_FILE) else f" --config {path}"
    lines = [(f"serve{config}", f"then {settings.server.local_url}/app/ is the page")]
    if user_id:
        lines.append((f"user link{config} {user_id}", "a link that signs them in there"))
        lines.append((f"brief now{config} --user {user_id}", "a first brief"))
    else:
        lines.append((f"user add{config} NAME", "somebody who gets briefs"))
    lines.append((f"doctor{config}", "says whether all of it works"))
    say("Next:")
    width = max(len(command) for command, _ in lines)
    for command, what in lines:
        say(f"  buildos-box {command:<{width}}  # {what}")
