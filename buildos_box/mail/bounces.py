"""Which refusals mean that an address does not exist.

A refusal about the sender (policy, login, relaying, spam, size) is not a bounce, since otherwise
one misconfigured relay would block mail to every user.

The rules: docs/spec.md#mail-bounces.
"""

import re

_ENHANCED = re.compile(r"^5\.(\d{1,3})\.(\d{1,3})(?!\d)")
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
    """Whether the server's answer means that the address does not exist."""
    if not 500 <= code < 600:
        return False
    enhanced = _ENHANCED.match(said)
    if enhanced and enhanced[0] != "5.0.0":
        return (int(enhanced[1]), int(enhanced[2])) in _DEAD
    return code in _DEAD_REPLIES and not _ABOUT_US.search(said)
