"""What handlers are given: the box's parts, none of them global."""

from dataclasses import dataclass
from typing import Any, Protocol

import httpx

from buildos_box.clock import Clock
from buildos_box.db import Database
from buildos_box.egress import Egress
from buildos_box.ids import Ids
from buildos_box.jobs.queue import Queue
from buildos_box.llm.chain import SmartLLM
from buildos_box.settings import Settings


class Mailer(Protocol):
    """Hands one finished message over; `mail/transport` has the real ones."""

    async def send(self, email_id: str, recipient: str, message: bytes) -> str:
        """Send, and return the transport's own name for it (message id, file name).

        Raises TransientError, PermanentError.
        """
        ...

    async def close(self) -> None:
        """Give up what was kept open on the running event loop."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of one box."""

    settings: Settings
    clock: Clock
    ids: Ids
    db: Database
    queue: Queue
    llm: SmartLLM
    http: httpx.AsyncClient
    """To addresses that the operator gives."""
    egress: Egress
    """To addresses that people give."""
    mailer: Mailer
    secret: bytes
    """The box's own key, for tokens that it must be able to make again."""
    vapid_key: bytes
    """The private key by which push services know this box, PEM."""
    twilio_http: Any = None
    """How Twilio's client reaches Twilio; None means its own connections."""
