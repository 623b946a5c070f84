"""What job types and routes are given: every part of the application, none of them global."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class MailContext:
    """What a mail is about, for transports that pass it on beside the message.

    `event_type` is the notification's event type, `event_id` and `delivery_id` are the ids of the
    notification and of its delivery; a brief's mail has the brief's id and its day instead.
    """

    user_id: str | None = None
    event_type: str | None = None
    tracking_id: str | None = None
    brief_id: str | None = None
    brief_date: str | None = None
    event_id: str | None = None
    delivery_id: str | None = None


NO_CONTEXT = MailContext()


class Mailer(Protocol):
    """Hands over one finished message; the transports are in `mail/transport`."""

    async def send(
        self, email_id: str, recipient: str, message: bytes, about: MailContext = NO_CONTEXT
    ) -> str:
        """Send; returns the transport's id for the message.

        Raises TransientError, PermanentError, OutcomeUnknown.
        """
        ...

    async def close(self) -> None:
        """Close the connections of the running event loop."""
        ...


@dataclass(frozen=True, slots=True)
class Configured:
    """The settings in force and what is made from them; replaced as a whole by a reload."""

    settings: Settings
    llm: SmartLLM
    mailer: Mailer


@dataclass(slots=True)
class Services:
    """The parts of the application.

    Nobody keeps `settings`, `llm` or `mailer`: a reload replaces them.
    """

    configured: Configured
    clock: Clock
    ids: Ids
    db: Database
    queue: Queue
    http: "httpx.AsyncClient"
    """For addresses that the operator configured."""
    egress: Egress
    """For addresses that users give."""
    secret: bytes
    """The box's own key, for tokens that it must be able to make again."""
    vapid_key: bytes
    """The private key by which push services know this box, PEM."""
    twilio_http: Any = None
    """How Twilio's client reaches Twilio; None means its own connections."""

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.configured.settings

    @property
    def llm(self) -> SmartLLM:
        """The chain of language models."""
        return self.configured.llm

    @property
    def mailer(self) -> Mailer:
        """The transport of mail."""
        return self.configured.mailer
