"""JSON that others send: whatever bytes they are, they can be read or they are no JSON."""

from typing import Any

import msgspec


def read_json(content: bytes | str, type: Any = Any) -> Any:  # noqa: A002 (as msgspec names it)
    """The value, of that type. Raises msgspec.DecodeError, and nothing else.

    Text that is no UTF-8 and values nested a thousand deep have errors of their own in msgspec,
    which whoever thinks of broken JSON forgets.
    """
    try:
        return msgspec.json.decode(content, type=type)
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError(f"it is no UTF-8: {error.reason}") from None
    except RecursionError:
        raise msgspec.DecodeError("it is nested too deeply") from None
