"""Mailing a sign-in link to whoever asks for one with their address.

The link is good once and for 20 minutes. Its code is never stored: it is computed from the server's
key when the mail is written. The rules: docs/spec.md#page-sign-in-mail.
"""

import hashlib
import hmac
from datetime import timedelta

from buildos_box import email_address
from buildos_box.auth import code_limits
from buildos_box.auth.code_limits import CodeAsked
from buildos_box.auth.keyring import Keyring
from buildos_box.clock import from_text, to_text
from buildos_box.db import Tx
from buildos_box.errors import Unprocessable
from buildos_box.jobs.attempt import Attempt
from buildos_box.jobs.job_type import JobType, Payload
from buildos_box.locales.messages import N_
from buildos_box.mail import bounce_store
from buildos_box.mail.job import LONGEST_SESSION, RETRY
from buildos_box.mail.short_message import ShortMessageResult, send_short_message
from buildos_box.services import MailContext, Services
from buildos_box.web import store
from buildos_box.web.sign_in import link_url
from buildos_box.workspace import store as workspace
from buildos_box.workspace.languages import get_language
from buildos_box.workspace.model import User

VALID = timedelta(minutes=20)
MAX_USERS = 5
"""Users of one address who each get a mail; more are asked to use a token."""
CODE_DIGITS = 40
SUBJECT = N_("Your link to sign in")
TEXT = N_("Open this link to sign in to BuildOS Box as {name}:")
BELOW = N_(
    "It works once, in the next 20 minutes. If you did not ask for it, do nothing: nobody is "
    "signed in without it."
)


class SignInLinkPayload(Payload, frozen=True, kw_only=True):
    """Whom the link signs in, the address it goes to, and until when it is good."""

    user_id: str
    link_id: str
    address: str
    expires_at: str


async def request_link(
    services: Services, keyring: Keyring, address: str, *, client: str, correlation_id: str
) -> None:
    """Queue a link to each user whose confirmed address this is; nothing tells whether one is.

    Raises Unprocessable for what is no mail address, RateLimited before the address is looked up.
    """
    try:
        email_address.parse(address.strip())
    except ValueError:
        raise Unprocessable.field("email", "must be a mail address like ada@example.org") from None
    target = address.strip().lower()
    now = services.clock.now()

    def run(tx: Tx) -> None:
        asked = CodeAsked(None, target, client)
        code_limits.take(tx, asked, services.settings.limits, services.secret, now)
        for user in workspace.users_at_address(tx, target, limit=MAX_USERS):
            if user.email and not bounce_store.reason_against(tx, user.email):
                _queue(tx, services, keyring, user, user.email, correlation_id)

    await services.db.write(run)


def _queue(
    tx: Tx, services: Services, keyring: Keyring, user: User, address: str, correlation_id: str
) -> None:
    now = services.clock.now()
    link_id, expires_at = services.ids.new("link", now), now + VALID
    store.add(
        tx,
        keyring.hash(_code(services.secret, link_id)),
        user_id=user.id,
        issued_by=None,
        expires_at=expires_at,
        now=now,
    )
    services.queue.enqueue(
        tx,
        SEND_SIGN_IN_LINK,
        SignInLinkPayload(
            user_id=user.id, link_id=link_id, address=address, expires_at=to_text(expires_at)
        ),
        user_id=user.id,
        priority=1,
        correlation_id=correlation_id,
        actor="sign-in page",
    )


def _code(secret: bytes, link_id: str) -> str:
    """The code of a mailed link: 160 bits that only this server can compute."""
    digest = hmac.new(secret, f"sign-in-link:{link_id}".encode(), hashlib.sha256)
    return digest.hexdigest()[:CODE_DIGITS]


async def send_link(job: Attempt[SignInLinkPayload], services: Services) -> ShortMessageResult:
    """Send the link, unless it is too old or the address is no longer the user's.

    Raises PermanentError, TransientError, LeaseLost.
    """
    payload = job.payload
    if services.clock.now() >= from_text(payload.expires_at):
        return ShortMessageResult(None, "the link is too old")
    user = await workspace.get_user(services.db, payload.user_id)
    if user is None or user.email != payload.address or not user.email_confirmed:
        return ShortMessageResult(None, "the address is no longer the user's")
    language = await get_language(services, user.id)
    url = link_url(services, _code(services.secret, payload.link_id))
    return await send_short_message(
        services,
        job,
        payload.link_id,
        to=payload.address,
        subject=language.say(SUBJECT),
        text="\n\n".join((language.say(TEXT, name=user.name or user.id), url, language.say(BELOW))),
        about=MailContext(user_id=user.id, event_type="sign_in.link"),
    )


SEND_SIGN_IN_LINK = JobType(
    name="send_sign_in_link",
    payload=SignInLinkPayload,
    run=send_link,
    lane="email",
    timeout=LONGEST_SESSION,
    retry=RETRY,
)
