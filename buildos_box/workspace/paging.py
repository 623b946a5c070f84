"""Cursor paging: an opaque position at which a page ended."""

import base64
import binascii
from collections.abc import Callable
from typing import Annotated, TypeVar

from litestar.params import Parameter

from buildos_box.db import Row
from buildos_box.errors import Unprocessable
from buildos_box.workspace.views import Page

T = TypeVar("T")
Limit = Annotated[int, Parameter(ge=1, le=200, description="The most items of the page")]
LARGEST_SEQ = 2**63 - 1


def page(rows: list[Row], limit: int, view: Callable[[Row], T]) -> Page[T]:
    """The page of these rows. Read one row more than `limit` to know whether
    there is another page.
    """
    shown = rows[:limit]
    cursor = encode_cursor(shown[-1]["seq"]) if len(rows) > limit else None
    return Page([view(row) for row in shown], cursor)


def clamped(limit: int, most: int) -> int:
    """The size of a page: what was requested, at least one and at most `most`."""
    return max(1, min(limit, most))


def encode_cursor(seq: int) -> str:
    """The cursor that continues after that row."""
    return base64.urlsafe_b64encode(f"s{seq}".encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None) -> int | None:
    """The position in a cursor. Raises Unprocessable for an invalid one."""
    if not cursor:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        seq = int(text[1:]) if text.startswith("s") and text[1:].isdecimal() else -1
    except (binascii.Error, ValueError):
        seq = -1
    if not 0 <= seq <= LARGEST_SEQ:
        raise Unprocessable.field("cursor", "is not a cursor of this server")
    return seq
