"""Addresses as mail servers are given them."""

from buildos_box.email_address import EmailAddress, parse
from buildos_box.mail.transport_errors import UnusableAddress


def mailbox(address: str) -> EmailAddress:
    """The address in the form of an SMTP envelope. Raises UnusableAddress."""
    try:
        return parse(address)
    except ValueError as error:
        raise UnusableAddress(f"mail cannot be sent to or from {address!r}: it {error}") from error
