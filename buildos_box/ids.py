"""Ids: those made here sort by time; those given from outside are kept as they are.

The rules: docs/spec.md#own-ids.
"""

import os
import re
import secrets
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32 in lower case: it sorts like the value and has no similar characters."""

_OUTSIDE = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._:-]{1,128}")
"""Never `.` or `..`: clients and proxies take these out of a path before they send it."""
_EPOCH_DIGITS = 10
_RANDOM_DIGITS = 13


_PAIRS = [high + low for high in ALPHABET for low in ALPHABET]


def _base32(value: int, digits: int) -> str:
    out = [_PAIRS[value >> shift & 1023] for shift in range(5 * (digits - digits % 2 - 2), -1, -10)]
    first = [ALPHABET[value >> 5 * (digits - 1) & 31]] if digits % 2 else []
    return "".join(first + out)


@lru_cache(maxsize=16)
def _time_digits(millis: int) -> str:
    return _base32(millis, _EPOCH_DIGITS)


class RandomDigits:
    """The system's random bits as digits of ids, read for many ids at a time.

    Each read gives up Python's lock, and a busy thread gives it back only milliseconds later.
    """

    _AT_A_TIME = 64
    # Each digit comes of as many bytes as the others.
    _DIGIT_OF_BYTE = (ALPHABET * (256 // len(ALPHABET))).encode()

    def __init__(self) -> None:
        self._made: list[str] = []

    def next(self) -> str:
        """The random digits of one id, for any thread."""
        while True:
            try:
                # One step, so that two threads never take the same.
                return self._made.pop()
            except IndexError:
                random = os.urandom(self._AT_A_TIME * _RANDOM_DIGITS)
                digits = random.translate(self._DIGIT_OF_BYTE).decode()
                starts = range(0, len(digits), _RANDOM_DIGITS)
                self._made += [digits[start : start + _RANDOM_DIGITS] for start in starts]


class Ids:
    """Makes ids from a source of randomness, which is passed in so that a run can be repeated."""

    def __init__(self, random_bits: Callable[[int], int] | None = None) -> None:
        self._random_bits = random_bits
        self._digits = RandomDigits()

    def new(self, prefix: str, now: datetime) -> str:
        """`job-01jb…`: prefix, 50 bits of milliseconds, 65 random bits; 23 digits in all."""
        millis = round(now.timestamp() * 1000)
        if self._random_bits is None:
            return f"{prefix}-{_time_digits(millis)}{self._digits.next()}"
        random = self._random_bits(_RANDOM_DIGITS * 5)
        return f"{prefix}-{_time_digits(millis)}{_base32(random, _RANDOM_DIGITS)}"

    def secret(self, bits: int = 128) -> str:
        """An unguessable text of at least `bits` random bits, in base 32."""
        digits = -(-bits // 5)
        # Read by itself, so that no secret is in memory before it is made.
        return _base32((self._random_bits or secrets.randbits)(digits * 5), digits)


def is_outside_id(text: str) -> bool:
    """Whether `text` may serve as an id from outside: 1 to 128 of letters, digits, `._:-`.

    `.` and `..` may not.
    """
    return _OUTSIDE.fullmatch(text) is not None
