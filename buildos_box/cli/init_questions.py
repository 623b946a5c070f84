"""The questions of `buildos-box init` at a terminal; each answer is tried at once."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import click

from buildos_box.cli.init_answers import MAIL, MODELS, NEEDS_KEY, Answers, settings_of
from buildos_box.cli.init_tests import mail_findings, model_findings
from buildos_box.cli.output import clean
from buildos_box.clock import is_zone
from buildos_box.email_address import parse
from buildos_box.locales.tags import LANGUAGES, SOURCE, known
from buildos_box.settings import Settings, SettingsError
from buildos_box.settings.presets import PRESETS
from buildos_box.upkeep.findings import Finding

Test = Callable[[Settings], list[Finding]]


def ask_all(before: Answers, *, test: bool) -> Answers:
    """Every answer. Raises click.Abort if the questions are broken off."""
    click.echo("Empty answers take what is in [brackets]. Nothing is written before the end.")
    answers = _until_it_works(before, _address, None)
    answers = _until_it_works(answers, _mail, mail_findings if test else None)
    answers = _until_it_works(answers, _model, model_findings if test else None)
    return _person(answers)


def _until_it_works(
    before: Answers, ask: Callable[[Answers], Answers], test: Test | None
) -> Answers:
    """Ask, try, and ask again unless the person keeps what does not work."""
    while True:
        answers = ask(before)
        try:
            settings = settings_of(answers, Path(gettempdir()))
        except SettingsError as error:
            for fault in error.faults:
                click.secho(f"  {clean(fault.message)}", fg="red")
            before = answers
            continue
        found = test(settings) if test else []
        for finding in found:
            _tell(finding)
        if all(finding.level != "fault" for finding in found):
            return answers
        if click.confirm("Keep it all the same?", default=False):
            return answers
        before = answers


def _tell(finding: Finding) -> None:
    colour = {"fault": "red", "warning": "yellow", "ok": "green"}.get(finding.level)
    click.secho(f"  {clean(finding.message)}", fg=colour)
    if finding.cure and finding.level != "note":
        click.echo(f"  → {clean(finding.cure)}")


def _address(before: Answers) -> Answers:
    said = click.prompt(
        "Address at which people reach the box, like https://box.example.org "
        "(empty: this machine only)",
        default=before.address or "", show_default=bool(before.address),
    )  # fmt: skip
    return replace(before, address=said.strip() or None)


def _mail(before: Answers) -> Answers:
    chosen = click.prompt(
        "Mail (outbox writes it to files, smtp sends it)",
        type=click.Choice(MAIL), default=before.mail or "outbox",
    )  # fmt: skip
    if chosen == "outbox":
        return replace(before, mail=chosen)
    security = before.smtp_security or "starttls"
    host = click.prompt("  Mail server", default=before.smtp_host)
    security = click.prompt(
        "  Protected by", type=click.Choice(("starttls", "tls", "none")), default=security
    )
    usual = {"tls": 465, "starttls": 587, "none": 25}[security]
    port = click.prompt("  Port", type=click.IntRange(1, 65535), default=before.smtp_port or usual)
    username = click.prompt("  Account (empty: none)", default=before.smtp_username or "")
    password = before.smtp_password
    if username:
        password = click.prompt(
            "  Its password", hide_input=True, default=password or "", show_default=False
        )
    sender = click.prompt("  Sender's address", default=before.from_address, value_proc=_mail_of)
    return replace(
        before, mail=chosen, smtp_host=host, smtp_security=security, smtp_port=port,
        smtp_username=username or None, smtp_password=password or None, from_address=sender,
    )  # fmt: skip


def _model(before: Answers) -> Answers:
    provider = click.prompt(
        "Language model (none: the built-in analyst writes)",
        type=click.Choice(MODELS), default=before.provider or "none",
    )  # fmt: skip
    if provider == "none":
        return replace(before, provider=provider, model=None, model_key=None, model_url=None)
    preset = PRESETS[provider]
    same = provider == before.provider
    model = click.prompt("  Model", default=(before.model if same else None) or preset.get("model"))
    if provider in NEEDS_KEY:
        key = click.prompt(
            "  API key", hide_input=True, show_default=False,
            default=(before.model_key if same else None) or "",
        )  # fmt: skip
        return replace(before, provider=provider, model=model, model_key=key or None)
    url = click.prompt("  Address", default=before.model_url or preset["base_url"])
    return replace(before, provider=provider, model=model, model_url=url, model_key=None)


def _person(before: Answers) -> Answers:
    name = click.prompt("Your name (empty: add people later)", default="", show_default=False)
    if not name:
        return before
    email = click.prompt("Your mail address", value_proc=_mail_of)
    zone = click.prompt("Your time zone", default=_zone_here(), value_proc=_zone_of)
    locale = click.prompt(
        f"Your language ({', '.join(LANGUAGES)})", default=SOURCE, value_proc=_locale_of
    )
    return replace(before, person=name, email=email, timezone=zone, locale=locale)


def _mail_of(text: Any) -> str:
    try:
        parse(str(text))
    except ValueError as error:
        raise click.UsageError(f"{text!r} {error}") from None
    return str(text)


def _zone_of(text: Any) -> str:
    if not is_zone(str(text)):
        raise click.UsageError(f"{text!r} is not an IANA zone like Europe/Berlin")
    return str(text)


def _locale_of(text: Any) -> str:
    try:
        return known(str(text))
    except ValueError as error:
        raise click.UsageError(f"{text!r} {error}") from None


def _zone_here() -> str:
    """The zone of this machine; UTC if it cannot be told."""
    link = Path("/etc/localtime")
    named = os.environ.get("TZ") or str(link.resolve()).partition("zoneinfo/")[2]
    return named if is_zone(named) else "UTC"
