"""The hint of a refusal, which names what was probably meant."""

import difflib
from collections.abc import Iterable


def nearest_of(written: str, known: Iterable[str]) -> str | None:
    """The known word that is most like what was written, if one is like it."""
    return next(iter(difflib.get_close_matches(written, list(known))), None)


def hint(meant: str | None) -> str:
    """The end of a refusal: `; did you mean pt-BR?`, or nothing."""
    return f"; did you mean {meant}?" if meant else ""
