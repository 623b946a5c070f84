"""The body of a mail that says the same in several forms (RFC 2046, 5.1.4).

The bytes are those of Python's `email` package, which takes most of a mail's time to move and parse
headers that are the same in every mail; a test compares them.
"""

from collections.abc import Iterable
from email.message import EmailMessage
from email.quoprimime import body_encode

_NEWLINE = "\r\n"
_KIND = "Content-Type: multipart/alternative;"


def alternatives(headers: EmailMessage, boundary: str, parts: Iterable[tuple[str, str]]) -> bytes:
    """The whole message: those headers, then each text with its subtype, the simplest first."""
    policy = headers.policy
    lines = [policy.fold_binary(name, value) for name, value in headers.raw_items()]
    lines.append(f"MIME-Version: 1.0{_NEWLINE}{_KIND}{_NEWLINE}".encode())
    lines.append(f' boundary="{boundary}"{_NEWLINE}{_NEWLINE}'.encode())
    for text, subtype in parts:
        lines.append(f"--{boundary}{_NEWLINE}{_part(text, subtype)}{_NEWLINE}".encode())
    lines.append(f"--{boundary}--{_NEWLINE}".encode())
    return b"".join(lines)


def _part(text: str, subtype: str) -> str:
    """Quoted-printable keeps every line under the 998 characters of RFC 5322, 2.1.1."""
    octets = b"\n".join(text.encode().splitlines()) + b"\n"
    said = body_encode(octets.decode("latin-1"), 78).replace("\n", _NEWLINE)
    return (
        f'Content-Type: text/{subtype}; charset="utf-8"{_NEWLINE}'
        f"Content-Transfer-Encoding: quoted-printable{_NEWLINE}{_NEWLINE}{said}"
    )
