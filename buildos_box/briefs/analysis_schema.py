"""What a language model may word in a brief, which is also the schema of its answer."""

import msgspec

from buildos_box.briefs.actions import PriorityAction
from buildos_box.briefs.text import clean, shorten


class Analysis(msgspec.Struct, frozen=True, kw_only=True):
    """The load of the day in one sentence, and reasons for the first things to do.

    What is empty is worded by the built-in rules.
    """

    summary: str
    priorities: list[PriorityAction]


NOTHING_WORDED = Analysis(summary="", priorities=[])


def cap_summary(text: str) -> str:
    """At most 240 characters and 30 words."""
    return shorten(clean(text), 240, 30)


def cap_reason(text: str) -> str:
    """At most 160 characters and 25 words."""
    return shorten(clean(text), 160, 25)
