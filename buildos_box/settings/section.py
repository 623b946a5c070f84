"""What every section of the configuration is made of."""

from typing import Annotated, Any

from msgspec import Meta, Struct


class Secret:
    """A text that never shows itself: not in a repr, a log or `config show`."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The secret itself, for the one call that needs it."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(********)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


def doc(text: str, **more: Any) -> Meta:
    """A key's line of documentation, and what its value must be."""
    return Meta(description=text, **more)


class Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all sections: what is not known is a fault."""


Positive = Annotated[int, Meta(ge=1)]
NotNegative = Annotated[int, Meta(ge=0)]
NotNegativeFloat = Annotated[float, Meta(ge=0)]
