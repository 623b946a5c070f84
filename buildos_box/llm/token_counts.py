"""How many tokens a call took: as the provider counted them, where its numbers can be true.

Providers leave counts out, send null, negative or endless ones, and count thoughts apart. A count
is never worth an answer, and no count is never zero, since a budget has to hold.
"""

from typing import Any, NamedTuple

BYTES_PER_TOKEN = 4
"""A rule of thumb: about four letters of English, or one and a half of Chinese characters."""
MAX_COUNT = 2_000_000
"""No model reads or writes more at once: what is beyond it is an error of the server's."""


class Counted(NamedTuple):
    """Tokens read and written; None where the provider did not say, or said what cannot be."""

    read: int | None = None
    written: int | None = None

    def or_estimate(self, read: int, written: int) -> tuple[int, int]:
        """Both counts, with these in place of what is not known."""
        return (
            read if self.read is None else self.read,
            written if self.written is None else self.written,
        )


def estimate(text: str) -> int:
    """About how many tokens a text is; 0 only for an empty one."""
    return -(-len(text.encode("utf-8", "surrogatepass")) // BYTES_PER_TOKEN)


def counted(read: Any, written: Any, total: Any = None) -> Counted:
    """What a provider says it has counted.

    Where the total is more than its parts, the rest was written too: some leave a model's thoughts
    out of what they call the completion, and bill them.
    """
    known_read, known_written, known_total = _count(read), _count(written), _count(total)
    if known_read is not None and known_total is not None:
        rest = known_total - known_read
        if rest > (known_written or 0):
            known_written = rest
    return Counted(known_read, known_written)


def _count(value: Any) -> int | None:
    """A number of tokens from 1 to `MAX_COUNT`; None for anything else.

    Zero is not believed either: servers say it of a prompt that they had in a cache.
    """
    if isinstance(value, str) and value.isdecimal() and len(value) < 10:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 1 <= value <= MAX_COUNT else None
