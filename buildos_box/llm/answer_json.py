"""The JSON objects in a language model's answer, however loosely it is written.

Models put thoughts, prose and code fences around a good answer, and leave commas or line breaks
where JSON has none. Only complete objects are read: one that was cut off is never closed by
guessing. Whether an object is a valid answer is checked strictly by `answer_schema`.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from buildos_box.untrusted_json import read_json

MAX_REPAIRED_CHARS = 100_000
"""Repairing is far slower than parsing; no valid answer is nearly as long."""

_REASONING_ENDS = re.compile(
    r"</(?:seed:)?(?:think|thinking|thought|reasoning)>|\[/THINK\]|◁/think▷"
    r"|<\|channel\|>\s*final\s*<\|message\|>",
    re.IGNORECASE,
)
_REASONING_STARTS = re.compile(
    r"<(?:seed:)?(?:think|thinking|thought|reasoning)>|\[THINK\]|◁think▷"
    r"|<\|channel\|>\s*analysis\s*<\|message\|>",
    re.IGNORECASE,
)
_OPENER = {"}": "{", "]": "["}


def without_reasoning(text: str) -> str:
    """The text after the last thought, or before one that never ends.

    Some servers send the end mark alone, since the start belongs to their prompt.
    """
    ends = list(_REASONING_ENDS.finditer(text))
    if ends:
        return text[ends[-1].end() :]
    starts = _REASONING_STARTS.search(text)
    return text[: starts.start()] if starts else text


def objects_in(text: str) -> list[str]:
    """Every complete `{…}` that is not inside another one, in order; in linear time."""
    spans: list[tuple[int, int]] = []
    unclosed = _Unclosed()
    in_string = escaped = False
    for index, character in enumerate(text):
        if in_string:
            in_string = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            in_string = unclosed.any  # outside of braces it is prose
        elif character in "{[":
            unclosed.open(character, index)
        elif character in _OPENER:
            start = unclosed.close(_OPENER[character])
            if start is not None and character == "}":
                while spans and spans[-1][0] > start:
                    spans.pop()
                spans.append((start, index + 1))
    return [text[start:end] for start, end in spans]


class _Unclosed:
    """The open brackets, and where each began."""

    def __init__(self) -> None:
        self._stack: list[tuple[str, int]] = []
        self._count = {"{": 0, "[": 0}

    @property
    def any(self) -> bool:
        """Whether any bracket is open."""
        return bool(self._stack)

    def open(self, opener: str, index: int) -> None:
        """Open one more."""
        self._stack.append((opener, index))
        self._count[opener] += 1

    def close(self, opener: str) -> int | None:
        """Close the innermost bracket of that form and those left open inside it; returns its
        start.
        """
        while self._count[opener]:
            known, start = self._stack.pop()
            self._count[known] -= 1
            if known == opener:
                return start
        return None


def load(text: str) -> Any:
    """The value of one object, as it is or with its syntax repaired.

    Raises msgspec.DecodeError if neither gives an object.
    """
    try:
        return read_json(text)
    except msgspec.DecodeError as error:
        if len(text) > MAX_REPAIRED_CHARS:
            raise
        fault = error
    import json_repair  # imported when needed, which is rare

    try:
        value = json_repair.repair_json(text, return_objects=True, skip_json_loads=True)
    except (ValueError, RecursionError) as error:
        raise msgspec.DecodeError(str(error)) from None
    if not isinstance(value, dict):
        raise fault
    return value


def values_in(text: str) -> Iterator[tuple[str, Any]]:
    """Each object of the answer with its source text, the last first.

    The objects inside an object follow it, since some models wrap their answer in the name of its
    schema or tool. Raises msgspec.DecodeError after those that can be parsed, if one cannot.
    """
    fault: msgspec.DecodeError | None = None
    for source in reversed(objects_in(without_reasoning(text))):
        try:
            value = load(source)
        except msgspec.DecodeError as error:
            fault = fault or error
            continue
        yield source, value
        for inner in value.values():
            if isinstance(inner, dict):
                yield source, inner
            elif isinstance(inner, str) and inner.lstrip().startswith("{"):
                yield from ((source, nested) for nested in _nested(inner))
    if fault is not None:
        raise fault


def _nested(text: str) -> Iterator[Any]:
    """A tool's arguments, which are JSON inside a string."""
    try:
        yield load(text)
    except msgspec.DecodeError:
        return
