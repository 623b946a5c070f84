"""Texts that people read, where they are written in the code: marked, and translated when said.

A text is a whole sentence, or an item of a list that stands alone, with named placeholders, so that
another language can order it as it likes. `Language.say` and `Language.count` say it.
"""

from dataclasses import dataclass


def N_(text: str) -> str:  # noqa: N802, RUF100
    """Marks a text for the catalogues; the text itself."""
    return text


@dataclass(frozen=True, slots=True)
class Plural:
    """A text about a number of things, in the English singular and plural."""

    one: str
    many: str
