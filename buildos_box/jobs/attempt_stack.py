"""Where an attempt stands: the stack of its coroutine (docs/spec.md#timeouts)."""

import os
import sys
from functools import lru_cache
from types import CodeType, CoroutineType, FrameType
from typing import Any


@lru_cache(maxsize=1024)
def _as_imported(path: str) -> str:
    """The file's path relative to where it was imported from, so that stacks do not depend on the
    place of installation.
    """
    roots = (f"{root}{os.sep}" for root in sorted(sys.path, key=len, reverse=True) if root)
    return next((path.removeprefix(root) for root in roots if path.startswith(root)), path)


def place(code: CodeType, line: int) -> str:
    """A line of a function: file, line and function."""
    return f"{_as_imported(code.co_filename)}:{line} {code.co_qualname}"


def stack_of(work: Any) -> str:
    """The stack of a suspended coroutine, outermost frame first."""
    lines = []
    waiting = work
    while isinstance(waiting, CoroutineType):
        frame: FrameType | None = waiting.cr_frame
        if frame is not None:
            lines.append(place(frame.f_code, frame.f_lineno))
        waiting = waiting.cr_await
    return "\n".join(lines)
