"""The source and the cost of an answer, part of every result of a language model."""

from typing import Any

import msgspec

BUILTIN = "builtin"
"""The source of results that were made by fixed rules, without a language model."""


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """The base of results: their source, and the cost of all calls that led to them."""

    source: str = BUILTIN
    """`provider:model`, or `builtin`."""
    why_built_in: str | None = None
    """Why no language model gave it: `not_configured`, `budget`, `unavailable` or the like."""
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float = 0.0
    """US dollars."""

    @property
    def is_builtin(self) -> bool:
        """Whether no language model gave it."""
        return self.source == BUILTIN

    def origin(self) -> dict[str, Any]:
        """These fields alone, for a result that is made from this one."""
        return {name: getattr(self, name) for name in Origin.__struct_fields__}
