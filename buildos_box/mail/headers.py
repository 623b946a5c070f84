"""The headers of a mail; no text of a user can add or break one (RFC 5322, 2.2)."""

import re
import unicodedata
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage, Message
from email.policy import SMTP, Policy
from email.utils import format_datetime
from functools import lru_cache
from typing import Any

from buildos_box.clock import Instant
from buildos_box.email_address import EmailAddress
from buildos_box.mail.mailbox import mailbox

_LONGEST_SUBJECT = 200


class _Verbatim(UnstructuredHeader, BaseHeader):
    """Written on one line as it is: an encoded or folded address would not work, and other values
    are only made so if they need neither.
    """

    @classmethod
    def parse(cls, value: str, kwds: dict[str, Any]) -> None:
        kwds["parse_tree"] = None
        kwds["decoded"] = value

    def fold(self, *, policy: "Policy[Message]") -> str:
        return f"{self.name}: {self}{policy.linesep}"


_NEEDS_NO_ENCODING = {
    "to": re.compile(r"[A-Za-z0-9][A-Za-z0-9_+-]*(?:\.[A-Za-z0-9_+-]+)*@[A-Za-z0-9.-]+"),
    "subject": re.compile(r"(?!.*=\?)[!-~]+(?: [!-~]+)*"),
    "date": re.compile(r"[A-Za-z0-9,:+ -]+"),
}
"""By header, values that are the same when encoded."""
_NEEDS_NO_FOLDING = 60
"""Up to so many characters; then they are written as they are, which takes no parsing."""
_WRITTEN_AS_IT_IS = ("list-unsubscribe", "list-unsubscribe-post", "message-id")


class _Registry(HeaderRegistry):
    """Caches header objects.

    Python's own policy creates a class and parses the value each time a header is set or folded;
    most headers are the same in every mail.
    """

    def __init__(self) -> None:
        super().__init__()
        self._made: dict[str, type[BaseHeader]] = {}
        self._read = lru_cache(maxsize=256)(super().__call__)

    def __call__(self, name: str, value: object) -> BaseHeader:
        text = str(value)
        plain = _NEEDS_NO_ENCODING.get(name.lower())
        if plain is not None and len(text) <= _NEEDS_NO_FOLDING and plain.fullmatch(text):
            return self[_WRITTEN_AS_IT_IS[0]](name, text)
        return self._read(name, text)

    def __getitem__(self, name: str) -> type[BaseHeader]:
        name = name.lower()
        if name not in self._made:
            self._made[name] = super().__getitem__(name)
        return self._made[name]


_REGISTRY = _Registry()
for _name in _WRITTEN_AS_IT_IS:
    _REGISTRY.map_to_type(_name, _Verbatim)
POLICY = SMTP.clone(header_factory=_REGISTRY)
_UTF8_POLICY = POLICY.clone(utf8=True)
"""Headers in UTF-8 (RFC 6532), for addresses that cannot be written in ASCII."""


def policy_for(*addresses: EmailAddress) -> "Policy[Message]":
    """The policy for headers of a mail with these addresses."""
    return _UTF8_POLICY if any(one.needs_smtputf8 for one in addresses) else POLICY


def new_message(
    *,
    sender_name: str,
    sender_address: str,
    recipient: str,
    subject: str,
    date: Instant,
    message_id: str,
    unsubscribe: str,
) -> EmailMessage:
    """A message with all its headers and no body.

    Raises PermanentError for an address that mail cannot be sent to or from.
    """
    sender, reader = mailbox(sender_address), mailbox(recipient)
    message = EmailMessage(policy=policy_for(sender, reader))
    message["From"] = Address(one_line(sender_name), sender.local, sender.domain)
    message["To"] = Address("", reader.local, reader.domain)
    message["Subject"] = one_line(subject)[:_LONGEST_SUBJECT]
    message["Date"] = format_datetime(date)
    message["Message-ID"] = message_id
    # RFC 3834, 5: suppresses automatic answers.
    message["Auto-Submitted"] = "auto-generated"
    message["List-Unsubscribe"] = f"<{unsubscribe}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return message


def one_line(text: str) -> str:
    """`text` without line breaks and control characters."""
    line = " ".join(text.split())
    if line.isascii() and line.isprintable():
        return line
    return "".join(char for char in line if unicodedata.category(char) not in ("Cc", "Cs"))
