"""What held from when to when, found by its time: a year's story is too long to go through."""

from bisect import bisect_right
from collections.abc import Iterable
from datetime import datetime
from itertools import accumulate
from typing import Generic, TypeVar

T = TypeVar("T")
Entry = tuple[datetime, datetime, T]
"""From, to, what."""


class Timeline(Generic[T]):
    """Finds what touches a time. A wrong clock may have put the entries out of order."""

    def __init__(self, entries: Iterable[Entry[T]]) -> None:
        numbered = [(begin, number, end, one) for number, (begin, end, one) in enumerate(entries)]
        numbered.sort(key=lambda entry: entry[:2])
        self._begins = [begin for begin, _, _, _ in numbered]
        self._rest = [(number, end, one) for _, number, end, one in numbered]
        self._latest_end = list(accumulate((end for _, end, _ in self._rest), max))

    def between(self, begin: datetime, end: datetime) -> list[T]:
        """What began by `end` and did not end before `begin`, in the order it was given."""
        found = []
        at = bisect_right(self._begins, end) - 1
        while at >= 0 and self._latest_end[at] >= begin:
            number, over, one = self._rest[at]
            if over >= begin:
                found.append((number, one))
            at -= 1
        return [one for _, one in sorted(found, key=lambda pair: pair[0])]
