"""How many tokens a call took: as the provider counted them, if the numbers are plausible.

Providers omit counts, send null, negative or huge ones, and count thoughts separately. A bad count
never discards an answer, and a count is never zero, since a budget must hold.
"""

from typing import Any, NamedTuple

BYTES_PER_TOKEN = 4
"""A rule of thumb: four letters of English, or one and a half Chinese characters."""
MAX_COUNT = 2_000_000
"""No model reads or writes more at once, so that a larger count is the server's error."""


class Counted(NamedTuple):
    """Tokens read and written; None where the provider gave no plausible number."""

    read: int | None = None
    written: int | None = None

    def or_estimate(self, read: int, written: int) -> tuple[int, int]:
        """Both counts, with these in place of unknown ones."""
        return (
            read if self.read is None else self.read,
            written if self.written is None else self.written,
        )


def estimate(text: str) -> int:
    """The estimated number of tokens of a text; 0 only for an empty one."""
    return -(-len(text.encode("utf-8", "surrogatepass")) // BYTES_PER_TOKEN)


def counted(read: Any, written: Any, total: Any = None) -> Counted:
    """The counts that a provider reports.

    If the total is more than its parts, the rest was written too: some leave a model's thoughts out
    of the completion and bill them.
    """
    known_read, known_written, known_total = _count(read), _count(written), _count(total)
    if known_read is not None and known_total is not None:
        rest = known_total - known_read
        if rest > (known_written or 0):
            known_written = rest
    return Counted(known_read, known_written)


def _count(value: Any) -> int | None:
    """A number of tokens from 1 to `MAX_COUNT`; None for anything else.

    Zero is not accepted either: servers report it for a cached prompt.
    """
    if isinstance(value, str) and value.isdecimal() and len(value) < 10:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 1 <= value <= MAX_COUNT else None
