"""Host names as DNS has them: the one place where a name in other scripts becomes ASCII."""

from functools import lru_cache

import idna

LONGEST_LABEL, LONGEST_NAME = 63, 253


@lru_cache(maxsize=256)
def to_ascii(host: str) -> str:
    """The name in ASCII, by IDNA 2008 after the mapping of UTS 46, non-transitional.

    So `faß.de` stays a name of its own (`xn--fa-hia.de`); Python's `idna` codec, which follows
    IDNA 2003, turns it into `fass.de`, which is somebody else's. A name that is ASCII already is
    only put into lower case: emoji names, which IDNA 2008 excludes, can be written as `xn--…`.
    Raises ValueError with what is wrong, in words that fit after the name.
    """
    if host.isascii():
        name = host.lower()
    else:
        try:
            name = idna.encode(host, uts46=True).decode()
        except idna.IDNAError as error:
            raise ValueError(f"is not a host name under IDNA 2008: {error}") from None
    labels = name.removesuffix(".").split(".")
    if not all(labels) or any(char.isspace() or not char.isprintable() for char in name):
        raise ValueError("is not a host name: it has an empty part or a space")
    if len(name) > LONGEST_NAME or any(len(label) > LONGEST_LABEL for label in labels):
        raise ValueError(
            f"is too long for a host name ({LONGEST_NAME} characters, {LONGEST_LABEL} a part)"
        )
    return name
