"""Mail addresses: the one rule for what is accepted, stored, and written into an envelope.

RFC 5321, 4.1.2 (`Dot-string`, without quoted strings), with the non-ASCII local parts of RFC 6531
and domains by IDNA 2008.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from buildos_box.hostname import to_ascii

LONGEST_ADDRESS, LONGEST_LOCAL = 254, 64
"""Bytes, of the address as it stands in an envelope (RFC 5321, 4.5.3.1)."""
_ATEXT = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class EmailAddress:
    """One address, its domain in ASCII."""

    local: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"

    @property
    def needs_smtputf8(self) -> bool:
        """Whether only a mail server with the SMTPUTF8 extension can take it (RFC 6531)."""
        return not self.local.isascii()


@lru_cache(maxsize=256)
def parse(text: str) -> EmailAddress:
    """The address. Raises ValueError with what is wrong, in words that fit after `it`."""
    local, at, domain = text.rpartition("@")
    if not at or not local or not domain:
        raise ValueError("needs a name, an @ and a domain")
    address = EmailAddress(_local(local), _domain(domain))
    if len(str(address).encode()) > LONGEST_ADDRESS:
        raise ValueError(f"is longer than {LONGEST_ADDRESS} bytes")
    return address


def _local(text: str) -> str:
    if not all(text.split(".")):
        raise ValueError("has a dot at the start or end of the name before the @, or two in a row")
    wrong = [char for char in text if not _is_allowed(char)]
    if wrong:
        raise ValueError(f"has {wrong[0]!r} in the name before the @")
    local = unicodedata.normalize("NFC", text)
    if len(local.encode()) > LONGEST_LOCAL:
        raise ValueError(f"has more than {LONGEST_LOCAL} bytes before the @")
    return local


def _is_allowed(char: str) -> bool:
    if char.isascii():
        return _ATEXT.fullmatch(char) is not None
    return unicodedata.category(char)[0] not in "CZ"


def _domain(text: str) -> str:
    try:
        domain = to_ascii(text)
    except ValueError as error:
        raise ValueError(f"has a domain that {error}") from None
    if not all(_LABEL.fullmatch(label) for label in domain.split(".")):
        raise ValueError(
            "has a domain with more than letters, digits, hyphens and single dots between them"
        )
    return domain
