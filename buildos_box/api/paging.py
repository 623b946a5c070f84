"""Cursor paging: an opaque mark of where the page ended."""

import base64
import binascii

from buildos_box.errors import Impossible

LARGEST_ROW_ID = 2**63 - 1


def encode_cursor(row_id: int) -> str:
    """The cursor that continues after that row."""
    return base64.urlsafe_b64encode(f"r{row_id}".encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None) -> int | None:
    """The row id in a cursor. Raises Impossible for one that we did not give."""
    if not cursor:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        row_id = int(text[1:]) if text.startswith("r") and text[1:].isdecimal() else -1
    except (binascii.Error, ValueError):
        row_id = -1
    if not 0 <= row_id <= LARGEST_ROW_ID:
        raise Impossible.field("cursor", "is not one that this box has given")
    return row_id
