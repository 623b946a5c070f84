"""One POST to a subscriber (docs/spec.md#webhook-signature)."""

from dataclasses import dataclass
from datetime import timedelta

from buildos_box.errors import BoxError, RateLimited, TransientError
from buildos_box.retry_after import retry_after
from buildos_box.services import Services
from buildos_box.version import VERSION
from buildos_box.webhook_signature import standard_headers
from buildos_box.webhooks import secrets

TIMEOUT_SECONDS = 15.0
GONE = 410
"""The status by which a receiver says that it wants nothing more."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a POST: `error` is None if the receiver accepted it (2xx)."""

    status: int | None
    error: str | None = None
    wait: timedelta | None = None
    """How long the receiver asked to wait."""

    @property
    def gone(self) -> bool:
        """Whether the receiver asked for no more."""
        return self.status == GONE


async def post(
    services: Services,
    *,
    subscription_id: str,
    url: str,
    sealed_secret: str,
    event_id: str,
    body: bytes,
) -> Answer:
    """POST the body, signed at this moment; every failure is an answer with an `error`."""
    at = int(services.clock.now().timestamp())
    try:
        secret = secrets.opened(services.secret, subscription_id, sealed_secret)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"BuildOS-Box/{VERSION}",
            **standard_headers(secret, event_id, at, body),
        }
        fetched = await services.egress.post(
            url, content=body, headers=headers, timeout=TIMEOUT_SECONDS
        )
    except BoxError as error:
        asked = error.retry_after if isinstance(error, RateLimited | TransientError) else None
        return Answer(None, error.message, asked)
    if 200 <= fetched.status < 300:
        return Answer(fetched.status)
    wait = retry_after(fetched.headers, services.clock.now())
    return Answer(fetched.status, f"the receiver answered {fetched.status}", wait)
