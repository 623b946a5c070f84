"""The text of a message that somebody wrote, within what they may send."""

from buildos_box.auth.caller import Caller
from buildos_box.errors import Unprocessable
from buildos_box.sms.text import plain, segments

LONGEST_MESSAGE = 1_000
SEGMENTS_FOR_USERS = 2
"""Of a text that comes by a user's token: each segment is billed."""


def given_text(message: str, caller: Caller) -> str:
    """The text as it is sent.

    Raises Unprocessable, for users also if it costs too many segments.
    """
    text = plain(message, links=True)
    if not 1 <= len(text) <= LONGEST_MESSAGE:
        raise Unprocessable.field("message", f"must have 1 to {LONGEST_MESSAGE} characters")
    if caller.only_user is not None and segments(text) > SEGMENTS_FOR_USERS:
        raise Unprocessable.field(
            "message", f"must fit {SEGMENTS_FOR_USERS} segments, but needs {segments(text)}"
        )
    return text
