"""The headers of a mail: nothing that people wrote can add one or break one (RFC 5322, 2.2)."""

import unicodedata
from email.errors import MessageError
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage, Message
from email.policy import SMTP, Policy
from email.utils import format_datetime
from functools import lru_cache

from buildos_box.clock import Instant
from buildos_box.errors import PermanentError

_LONGEST_SUBJECT = 200


class _Verbatim(UnstructuredHeader, BaseHeader):
    """Written as it is, on one line: encoded or broken, an address would be useless."""

    def fold(self, *, policy: "Policy[Message]") -> str:
        return f"{self.name}: {self}{policy.linesep}"


class _Registry(HeaderRegistry):
    """Python's own makes a class, and reads the value, each time that a header is set or folded.

    Most headers are the same in every mail, and once made they never change.
    """

    def __init__(self) -> None:
        super().__init__()
        self._made: dict[str, type[BaseHeader]] = {}
        self._read = lru_cache(maxsize=256)(super().__call__)

    def __call__(self, name: str, value: object) -> BaseHeader:
        return self._read(name, str(value))

    def __getitem__(self, name: str) -> type[BaseHeader]:
        name = name.lower()
        if name not in self._made:
            self._made[name] = super().__getitem__(name)
        return self._made[name]


_REGISTRY = _Registry()
for _name in ("list-unsubscribe", "list-unsubscribe-post", "message-id"):
    _REGISTRY.map_to_type(_name, _Verbatim)
POLICY = SMTP.clone(header_factory=_REGISTRY)


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

    Raises PermanentError for an address that no mail can be sent to or from.
    """
    message = EmailMessage(policy=POLICY)
    message["From"] = Address(one_line(sender_name), addr_spec=mailbox(sender_address))
    message["To"] = Address(addr_spec=mailbox(recipient))
    message["Subject"] = one_line(subject)[:_LONGEST_SUBJECT]
    message["Date"] = format_datetime(date)
    message["Message-ID"] = message_id
    # RFC 3834, 5: so that nobody's holiday notice answers.
    message["Auto-Submitted"] = "auto-generated"
    message["List-Unsubscribe"] = f"<{unsubscribe}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return message


def one_line(text: str) -> str:
    """`text` without line breaks and control characters."""
    line = " ".join(text.split())
    return "".join(char for char in line if unicodedata.category(char) not in ("Cc", "Cs"))


@lru_cache(maxsize=256)
def mailbox(address: str) -> str:
    """The address as it stands in an envelope, its domain in ASCII (RFC 5890).

    Raises PermanentError if it is not one address, or its first half is not ASCII.
    """
    try:
        local, _, domain = Address(addr_spec=address).addr_spec.rpartition("@")
        ascii_domain = domain if domain.isascii() else domain.encode("idna").decode("ascii")
        spec = f"{local}@{ascii_domain}"
        if not local or not domain or not spec.isascii():
            raise ValueError("it is not complete")
    except (ValueError, IndexError, MessageError) as error:
        raise PermanentError(
            f"no mail can be sent to or from {address!r}: {error}", code="bad_address"
        ) from error
    return spec
