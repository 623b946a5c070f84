"""The output of commands: JSON for programs, short tables for people."""

import json
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from buildos_box.clock import from_text

Json = dict[str, Any]
AS_JSON = click.option("--json", "as_json", is_flag=True, help="For programs.")
YES = click.option("--yes", is_flag=True, help="Do not ask first.")
WIDEST = 10_000
"""Without a terminal nothing is cut off, since programs and files accept any width."""


def ask_first(question: str, yes: bool) -> None:
    """Ask, unless `--yes` was given. Raises click.Abort if the answer is no."""
    if not yes:
        click.confirm(question, abort=True, err=True)


def show_json(value: Any) -> None:
    """One JSON document on standard output."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def say(sentence: str) -> None:
    """A sentence for people, on standard output."""
    click.echo(clean(sentence))


def show_table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, empty: str) -> None:
    """A table for people; `empty` is printed if there is no row."""
    found = list(rows)
    if not found:
        click.echo(empty)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for head in heads:
        table.add_column(head, overflow="fold")
    for row in found:
        table.add_row(*(Text(_one_line(cell)) for cell in row))
    if sys.stdout.isatty():
        Console(highlight=False).print(table)
        return
    wide = Console(width=WIDEST, highlight=False)
    with wide.capture() as capture:
        wide.print(table)
    click.echo("\n".join(line.rstrip() for line in capture.get().splitlines()))


def show_facts(facts: Iterable[tuple[str, object]]) -> None:
    """The known facts of one item, one per line."""
    known = [(name, clean(str(value))) for name, value in facts if value not in (None, "")]
    width = max((len(name) for name, _ in known), default=0)
    for name, value in known:
        click.echo(f"{name:<{width}}  {value}")


def clean(text: str) -> str:
    """The text without characters that control a terminal, which synced data may contain."""
    return "".join(
        char if char in "\n\t" or unicodedata.category(char) != "Cc" else "\ufffd" for char in text
    )


def _one_line(text: str) -> str:
    return " ".join(clean(text).split())


def shown_time(instant: str | None, zone: ZoneInfo) -> str:
    """An instant of the API as local time in the zone, to the minute."""
    return "" if instant is None else f"{_at(instant, zone):%Y-%m-%d %H:%M}"


def shown_second(instant: str | None, zone: ZoneInfo) -> str:
    """An instant of the API as local time in the zone, to the second."""
    return "" if instant is None else f"{_at(instant, zone):%Y-%m-%d %H:%M:%S}"


def _at(instant: str, zone: ZoneInfo) -> datetime:
    return from_text(instant).astimezone(zone)
