"""The output of commands: JSON for programs, short tables for people."""

import json
import re
import sys
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import click
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from buildos_box.clock import from_text

Json = dict[str, Any]
C = TypeVar("C", bound=Callable[..., Any])
AS_JSON = click.option("--json", "as_json", is_flag=True, help="For programs.")
WIDE = click.option(
    "--wide",
    is_flag=True,
    expose_value=False,
    callback=lambda context, _option, asked: context.meta.__setitem__(_WIDE, asked),
    help="Every column of the table, however narrow the terminal.",
)
YES = click.option("--yes", is_flag=True, help="Do not ask first.")
_WIDE = "buildos_box.wide_tables"
LONGEST_WHOLE = 32
"""Cells up to which a cell is never broken over lines; longer ones are text."""
LEAST_TEXT = 20
"""Cells that a column of text needs to be shown."""
GAP = 2
_INSTANT = re.compile(r"\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d\.\d{3}Z", re.ASCII)
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


def as_table(command: C) -> C:
    """The options of a command that shows a table: `--json` and `--wide`."""
    return AS_JSON(WIDE(command))


def show_table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, empty: str) -> None:
    """A table for people; `empty` is printed if there is no row.

    A terminal that is too narrow gets the first columns that fit, none of them broken but texts.
    """
    found = [[_one_line(cell) for cell in row] for row in rows]
    if not found:
        click.echo(empty)
        return
    context = click.get_current_context(silent=True)
    is_wide = context is not None and context.meta.get(_WIDE, False)
    if is_wide or not sys.stdout.isatty():
        # Not as a terminal, since those called "dumb" have 80 columns to it.
        wide = Console(width=WIDEST, highlight=False, force_terminal=False)
        with wide.capture() as capture:
            wide.print(_table(heads, found, len(heads)))
        click.echo("\n".join(line.rstrip() for line in capture.get().splitlines()))
        return
    console = Console(highlight=False)
    count = columns_that_fit(_widths(heads, found), console.width)
    console.print(_table(heads, found, count))
    if count < len(heads):
        left = ", ".join(heads[count:])
        click.echo(f"--wide also shows: {left}", err=True)


def columns_that_fit(widths: Sequence[int], room: int) -> int:
    """How many of the first columns have room, at least one; texts need little and are folded."""
    used = 0
    for number, width in enumerate(widths):
        used += (width if width <= LONGEST_WHOLE else LEAST_TEXT) + (GAP if number else 0)
        if used > room:
            return max(1, number)
    return len(widths)


def _widths(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(cell_len, column)) for column in zip(heads, *rows, strict=True)]


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], count: int) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for head, width in zip(heads[:count], _widths(heads, rows)[:count], strict=True):
        table.add_column(head, overflow="fold", no_wrap=width <= LONGEST_WHOLE)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row[:count]))
    return table


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


def with_short_times(sentence: str, zone: ZoneInfo) -> str:
    """A sentence of the API whose instants are local times of the zone, to the second."""

    def short(found: re.Match[str]) -> str:
        return f"{_at(found[0], zone):%Y-%m-%d %H:%M:%S %Z}"

    return _INSTANT.sub(short, sentence)


def _at(instant: str, zone: ZoneInfo) -> datetime:
    return from_text(instant).astimezone(zone)
