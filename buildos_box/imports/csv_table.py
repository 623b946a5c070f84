"""CSV as spreadsheets and other programs write it (RFC 4180 and its variants)."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from buildos_box.errors import Malformed
from buildos_box.workspace.fields import TEXT_CHARS

DELIMITERS = ",;\t|"
MAX_ROWS = 50_000
MAX_COLUMNS = 500
HEAD_RECORDS = 10
"""The number of first records among which the column names are looked for."""
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one record, and its first line in the file."""

    line: int
    cells: list[str]

    def cell(self, column: int) -> str:
        """The cell in that column; empty if the row is shorter than its table."""
        return self.cells[column].strip() if column < len(self.cells) else ""


@dataclass(frozen=True, slots=True)
class Table:
    """The column names, and every record that is not empty."""

    columns: list[str]
    rows: list[Row]


def read_table(content: bytes, delimiter: str | None = None) -> Table:
    """The table; the first record that looks like one holds the column names.

    Without a delimiter, the one is used that splits one of the first records into the most columns.
    Earlier records with fewer than half as many cells are comments of the program that wrote them
    (TickTick). Raises Malformed, which names the line.
    """
    text = _decoded(content)
    if "\0" in text:
        raise Malformed("it is not a text file")
    chosen = delimiter or max(DELIMITERS, key=lambda each: _widest(text, each))
    records = _records(text, chosen)
    wanted = _widest(text, chosen) / 2
    head = next((record for record in records if len(record.cells) >= wanted), None)
    if head is None:
        raise Malformed("it has no line with the names of its columns")
    columns = [name.strip() for name in head.cells]
    rows = []
    for row in records:
        if any(cell.strip() for cell in row.cells[len(columns) :]):
            raise Malformed(f"line {row.line} has more cells than there are columns")
        rows.append(row)
        if len(rows) > MAX_ROWS:
            raise Malformed(f"it has more than {MAX_ROWS:,} rows; split it")
    return Table(columns, rows)


def _decoded(content: bytes) -> str:
    """The text: UTF-8 or, by its byte order mark, UTF-16; else the encoding of old spreadsheets."""
    encodings = ("utf-16",) if content.startswith(_UTF16) else ("utf-8-sig", "cp1252", "latin-1")
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Malformed("it is not a text file")


class _TooWide(Malformed):
    """A record has more cells than any table of this kind."""


def _widest(text: str, delimiter: str) -> int:
    """The number of cells of the widest of the first records."""
    try:
        return max(
            (len(row.cells) for row in islice(_records(text, delimiter), HEAD_RECORDS)), default=0
        )
    except _TooWide:
        return MAX_COLUMNS + 1
    except Malformed:
        return 0


def _records(text: str, delimiter: str) -> Iterator[Row]:
    """Each record that is not empty."""
    csv.field_size_limit(TEXT_CHARS * 4)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            if len(cells) > MAX_COLUMNS and any(cell.strip() for cell in cells[MAX_COLUMNS:]):
                raise _TooWide(f"line {line} has more than {MAX_COLUMNS} columns")
            if any(cell.strip() for cell in cells):
                yield Row(line, cells[:MAX_COLUMNS])
            line = reader.line_num + 1
    except csv.Error as error:
        raise Malformed(f"line {line}: {error}") from None
