"""The errors of transports (docs/spec.md#mail-states)."""

from buildos_box.errors import PermanentError, TransientError


class OutcomeUnknown(TransientError):
    """The message was handed over without an answer: it may have been accepted.

    It is tried again with the same bytes and the same Message-ID, so that a recipient can recognise
    the repetition; until there is an answer the mail's status is `unknown`.
    """

    code = "outcome_unknown"


class AddressBounced(PermanentError):
    """The server says that the address does not exist: nothing more is sent there."""

    code = "bounced"


class UnusableAddress(PermanentError):
    """Mail cannot be sent to the address as it is: its user gets a warning."""

    code = "bad_address"


class SmtpUtf8NotOffered(UnusableAddress):
    """The server cannot accept an address whose local part is not ASCII (RFC 6531)."""

    code = "smtputf8_not_offered"
