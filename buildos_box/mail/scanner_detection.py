"""Distinguishes readers' opens and clicks from those of scanners
(docs/spec.md#tracking-scanners).
"""

import re
from collections.abc import Mapping
from datetime import timedelta

from buildos_box.clock import Instant

TOO_SOON = timedelta(seconds=10)
MANY_LINKS = 3
"""Different links within a second, which no reader clicks."""
IN_A_SECOND = timedelta(seconds=1)
_AGENTS = re.compile(
    r"bot\b|crawl|spider|scan|proofpoint|barracuda|mimecast|safelinks|urldefense|"
    r"bingpreview|skypeuripreview|curl|wget|python-|go-http-client|headless",
    re.IGNORECASE,
)

PIXEL = bytes.fromhex(
    "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"
)
"""A transparent 1×1 GIF of 43 bytes."""


_PURPOSES = ("sec-purpose", "purpose", "x-purpose", "x-moz")


def is_prefetch(headers: Mapping[str, str]) -> bool:
    """Whether a program prefetches for its reader (Fetch standard, `Sec-Purpose`)."""
    said = " ".join(headers.get(name, "") for name in _PURPOSES).lower()
    return "prefetch" in said or "preview" in said


def bot_reason(
    *,
    method: str,
    headers: Mapping[str, str],
    sent_at: Instant | None,
    now: Instant,
    links_just_now: int,
) -> str | None:
    """Why a hit is likely a scanner's; None if it may be a reader's."""
    if method == "HEAD":
        return "head"
    if sent_at is None or now - sent_at < TOO_SOON:
        return "too_soon"
    if links_just_now >= MANY_LINKS:
        return "many_links"
    if is_prefetch(headers):
        return "prefetch"
    if _AGENTS.search(headers.get("user-agent", "")):
        return "agent"
    return None
