"""The job that sends the code which proves a chat address (docs/spec.md#chat-verification)."""

from datetime import timedelta

import msgspec

from buildos_box.auth.codes import code_of
from buildos_box.chat import client, store
from buildos_box.clock import from_text
from buildos_box.db import Row, Tx
from buildos_box.errors import PermanentError
from buildos_box.jobs import external_effects
from buildos_box.jobs.attempt import Attempt
from buildos_box.jobs.job_type import JobType, Payload
from buildos_box.jobs.retry import RetryPolicy
from buildos_box.locales.messages import N_
from buildos_box.services import Services
from buildos_box.workspace.languages import get_language

VALID = timedelta(minutes=10)
TEXT = N_("Your verification code is {code}. It is valid for 10 minutes.")


class CodePayload(Payload, frozen=True, kw_only=True):
    """The verification; neither its target nor its code is part of the job."""

    user_id: str
    code_id: str
    expires_at: str


class CodeResult(msgspec.Struct, frozen=True, rename="camel"):
    """The service that took the code."""

    service: str


def code_name(code_id: str) -> str:
    """The name under which the code is computed."""
    return f"chat-code:{code_id}"


async def send_chat_code(job: Attempt[CodePayload], services: Services) -> CodeResult:
    """Send the code, unless a newer one was asked for.

    Raises PermanentError (`superseded`; what the service refuses), TransientError, LeaseLost.
    """
    payload = job.payload

    def read(tx: Tx) -> Row:
        job.ensure_lease(tx)
        row = store.verification(tx, payload.user_id)
        if row is None or row["code_id"] != payload.code_id:
            raise PermanentError("a newer code was asked for, or none is wanted", code="superseded")
        return row

    row = await services.db.write(read)
    language = await get_language(services, payload.user_id)
    text = language.say(TEXT, code=code_of(services.secret, code_name(payload.code_id)))
    title = services.settings.email.from_name
    await external_effects.once(
        services,
        job,
        key=f"chat-code:{payload.code_id}",
        kind="chat",
        look_up=None,
        send=lambda: client.send(services, row["service"], row["target"], title, text),
    )
    return CodeResult(row["service"])


SEND_CHAT_CODE = JobType(
    name="send_chat_code",
    payload=CodePayload,
    run=send_chat_code,
    lane="push",
    priority=1,
    timeout=timedelta(minutes=2),
    max_attempts=5,
    retry=RetryPolicy(retry_for=VALID, longest_delay=timedelta(minutes=1)),
    dedup_key=lambda payload: f"chat-code-{payload.code_id}",
    expires_at=lambda payload: from_text(payload.expires_at),
)
