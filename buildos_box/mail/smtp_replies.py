"""What a mail server's reply, or its silence, means for a mail.

The code decides (RFC 5321, 4.2.1), except where servers are known to contradict it in their text:
some greylist with a 5xx code, and a 5xx code may have an enhanced code of class 4 (RFC 3463, 3.1).
"""

import re
import ssl

import aiosmtplib

from buildos_box.errors import PermanentError, TransientError
from buildos_box.mail.transport_errors import AddressBounced

SERVICE_CLOSING = 421
TLS_PORT = 465
_ENHANCED = re.compile(r"([245])\.\d{1,3}\.\d{1,3}(?!\d)")
_GREYLISTED = re.compile(r"gr[ae]y[ -]?list", re.IGNORECASE)
_LATER = re.compile(r"try (it )?(again )?later|try again in|temporar|deferred", re.IGNORECASE)
_ABOUT_EHLO = re.compile(r"\b(helo|ehlo)\b", re.IGNORECASE)
_PLAIN_TEXT_INSTEAD_OF_TLS = ("WRONG_VERSION_NUMBER", "UNKNOWN_PROTOCOL", "HTTP_REQUEST")
EHLO_ADVICE = "set email.smtp.ehlo_name to a full host name that exists in DNS"


def is_about_ehlo(said: str) -> bool:
    """Whether the server objects to the name in EHLO."""
    return _ABOUT_EHLO.search(said) is not None


def is_temporary(code: int, said: str) -> bool:
    """Whether the same mail may be accepted later."""
    if not 500 <= code < 600:
        return True
    enhanced = _ENHANCED.match(said)
    if enhanced is not None and enhanced[1] == "4":
        return True
    if _GREYLISTED.search(said):
        return True
    return enhanced is None and _LATER.search(said) is not None


def by_reply(
    code: int, said: str, *, to_recipient: bool = False
) -> TransientError | PermanentError:
    """The error that a refusal means; `to_recipient`: it may be about the recipient.

    One mail has one recipient, so that a reply to the message may be about them too.
    """
    message = f"the mail server answered {code}: {said}"
    if is_about_ehlo(said):
        message = f"{message} ({EHLO_ADVICE})"
    name = f"smtp_{code}"
    if is_temporary(code, said):
        return TransientError(message, code=name)
    if to_recipient and is_bounce(code, said):
        return AddressBounced(message, code=name)
    return PermanentError(message, code=name)


def without_reply(error: Exception, *, port: int) -> TransientError | PermanentError:
    """The error of a failed connection: permanent if the server lacks what is configured."""
    cause = error.__cause__ if isinstance(error.__cause__, ssl.SSLError) else error
    if isinstance(error, aiosmtplib.SMTPException) and not isinstance(error, OSError):
        return PermanentError(f"the mail server cannot do that: {error}", code="smtp_setup")
    if isinstance(cause, ssl.SSLError):
        return TransientError(tls_trouble(cause, port), code="smtp_tls")
    if isinstance(error, TimeoutError) and port == TLS_PORT:
        advice = f"port {TLS_PORT} usually needs email.smtp.security = tls"
        return TransientError(f"the mail server does not answer: {error}; {advice}", code="smtp")
    return TransientError(f"the mail server is out of reach: {error}", code="smtp")


def tls_trouble(error: ssl.SSLError, port: int) -> str:
    """Why there is no encrypted connection, as advice for the operator."""
    if any(name in str(error).upper().replace(" ", "_") for name in _PLAIN_TEXT_INSTEAD_OF_TLS):
        return (
            f"port {port} answers in plain text where TLS was expected: set email.smtp.security = "
            f"starttls, or use the server's TLS port, usually {TLS_PORT} ({error})"
        )
    return f"the mail server's certificate cannot be trusted: {error}"


_PERMANENT = re.compile(r"^5\.(\d{1,3})\.(\d{1,3})(?!\d)")
_DEAD = {
    (1, 0),  # other address status
    (1, 1),  # bad destination mailbox address
    (1, 2),  # bad destination system address
    (1, 3),  # bad destination mailbox address syntax
    (1, 6),  # destination mailbox has moved
    (1, 10),  # recipient address has null MX
    (2, 1),  # mailbox disabled
}
"""Subject and detail of RFC 3463, 3.2 and 3.3, and RFC 7505, 4.2."""
_DEAD_REPLIES = (550, 551, 553, 556)
"""RFC 5321, 4.2.3, and RFC 7504: codes of servers without a meaningful enhanced code."""
_ABOUT_US = re.compile(
    r"relay|spam|block|blacklist|reputation|policy|authenti|spf|dkim|dmarc|sender|rate|quota|"
    r"full|denied|rejected due",
    re.IGNORECASE,
)


def is_bounce(code: int, said: str) -> bool:
    """Whether the server's answer means that the address does not exist.

    A refusal about the sender (policy, login, relaying, spam, size) is not a bounce, since
    otherwise one misconfigured relay would block mail to every user.

    The rules: docs/spec.md#mail-bounces.
    """
    if not 500 <= code < 600:
        return False
    enhanced = _PERMANENT.match(said)
    if enhanced and enhanced[0] != "5.0.0":
        return (int(enhanced[1]), int(enhanced[2])) in _DEAD
    return code in _DEAD_REPLIES and not _ABOUT_US.search(said)
