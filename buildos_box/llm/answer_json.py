"""The JSON objects in a language model's answer, however loosely it is written.

Models put thoughts, prose and code fences around a good answer, and leave commas or line breaks
where JSON has none. Only what is complete is read: an object that was cut off is never closed by
guessing. Whether an object is what was asked for is for `answers` to decide, strictly.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from buildos_box.untrusted_json import read_json

MAX_REPAIRED_CHARS = 100_000
"""Repairing takes far longer than reading; no answer that is asked for is nearly as long."""

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
    """What follows the last thought, or what precedes one that never ends.

    Some servers send the end mark alone, since the start belongs to their prompt.
    """
    ends = list(_REASONING_ENDS.finditer(text))
    if ends:
        return text[ends[-1].end() :]
    starts = _REASONING_STARTS.search(text)
    return text[: starts.start()] if starts else text


def objects_in(text: str) -> list[str]:
    """Every complete `{…}` that no other complete one contains, in order; in linear time."""
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
    """The brackets that are open, and where each began."""

    def __init__(self) -> None:
        self._stack: list[tuple[str, int]] = []
        self._count = {"{": 0, "[": 0}

    @property
    def any(self) -> bool:
        """Whether any bracket is open."""
        return bool(self._stack)

    def open(self, opener: str, index: int) -> None:
        """One more is open."""
        self._stack.append((opener, index))
        self._count[opener] += 1

    def close(self, opener: str) -> int | None:
        """Close the innermost of that form, and what was left open inside it; where it began."""
        while self._count[opener]:
            known, start = self._stack.pop()
            self._count[known] -= 1
            if known == opener:
                return start
        return None


def load(text: str) -> Any:
    """The value of one object, as it stands or with its syntax repaired.

    Raises msgspec.DecodeError if neither gives an object.
    """
    try:
        return read_json(text)
    except msgspec.DecodeError as error:
        if len(text) > MAX_REPAIRED_CHARS:
            raise
        fault = error
    import json_repair  # most answers never need it

    try:
        value = json_repair.repair_json(text, return_objects=True, skip_json_loads=True)
    except (ValueError, RecursionError) as error:
        raise msgspec.DecodeError(str(error)) from None
    if not isinstance(value, dict):
        raise fault
    return value


def values_in(text: str) -> Iterator[tuple[str, Any]]:
    """Each object of the answer with its source text, the last first: it is the final word.

    What an object contains follows it, since some models wrap their answer in its schema's or
    tool's name. Raises msgspec.DecodeError after those that can be read, if one cannot.
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
    """A tool's arguments as JSON inside a string."""
    try:
        yield load(text)
    except msgspec.DecodeError:
        return
