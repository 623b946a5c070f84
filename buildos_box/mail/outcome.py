"""What a transport says when it cannot say (docs/spec.md#mail-states)."""

from buildos_box.errors import PermanentError, TransientError


class OutcomeUnknown(TransientError):
    """The message was handed over and no answer came: it may have been taken.

    It is tried again with the same bytes and the same Message-ID, so that whoever gets it twice
    can tell; until an answer comes the mail's status is `unknown`.
    """

    code = "outcome_unknown"


class AddressBounced(PermanentError):
    """The server says that nobody is at that address: no later mail goes there either."""

    code = "bounced"


class UnusableAddress(PermanentError):
    """No mail can be sent to the address as it is: a user with it gets a warning."""

    code = "bad_address"


class SmtpUtf8NotOffered(UnusableAddress):
    """The mail server cannot take an address whose local part is not ASCII (RFC 6531)."""

    code = "smtputf8_not_offered"
