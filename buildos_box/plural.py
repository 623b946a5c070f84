"""Numbers of things in sentences that people read."""


def plural(count: int, noun: str, many: str | None = None) -> str:
    """`1 job`, `2 jobs`, `1,200 jobs`; `many` is the plural of a noun that takes no `s`."""
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"
