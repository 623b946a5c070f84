"""Connections to addresses that people give: checked where they are made (practice: SSRF)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import httpx

from buildos_box.errors import PermanentError
from buildos_box.settings import EgressSettings

Resolve = Callable[[str, int], Awaitable[list[str]]]


class AddressRefused(PermanentError):
    """That address is not one that this box connects to."""

    code = "address_refused"


class AnswerTooLarge(PermanentError):
    """The answer is longer than was asked for."""

    code = "answer_too_large"


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer, read to its end."""

    status: int
    headers: httpx.Headers
    body: bytes


class Egress:
    """The one way out."""

    def __init__(self, settings: EgressSettings, *, resolve: Resolve | None = None) -> None:
        self._settings = settings
        self._resolve = resolve
