"""Push subscriptions over HTTP (docs/spec.md#push-subscriptions)."""

import base64
import binascii
from hashlib import sha256
from typing import Any

import msgspec
from litestar import delete, get, post

from buildos_box.auth.caller import Caller
from buildos_box.db import Row, Tx
from buildos_box.egress import AddressRefused
from buildos_box.errors import Conflict, NotFound, TransientError, Unprocessable
from buildos_box.notifications import push_store, vapid
from buildos_box.services import Services
from buildos_box.url_masking import masked_url
from buildos_box.workspace import store as workspace

LONGEST_ENDPOINT = 2_048
KEY_BYTES, AUTH_BYTES = 65, 16
UNCOMPRESSED = 4
ANOTHER_USERS = "subscribed_by_another"


class BrowserKeys(msgspec.Struct, frozen=True, kw_only=True):
    """The keys that messages to this browser are encrypted with, base64url."""

    p256dh: str
    auth: str


class BrowserSubscription(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A `PushSubscription`, as the browser's `toJSON()` gives it."""

    endpoint: str
    keys: BrowserKeys
    expiration_time: float | None = None


class SubscriptionView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One subscription. `reason` says why it is inactive.

    Of its endpoint, which is a secret address, only the host is shown; `endpointSha256` (hex) lets
    a client that knows an endpoint find its own.
    """

    id: str
    endpoint: str
    endpoint_sha256: str = msgspec.field(name="endpointSha256")
    active: bool
    reason: str | None
    created_at: str
    last_sent_at: str | None

    @classmethod
    def of(cls, row: Row) -> "SubscriptionView":
        """The view of one row."""
        endpoint = str(row["endpoint"])
        return cls(
            id=row["id"],
            endpoint=masked_url(endpoint),
            endpoint_sha256=sha256(endpoint.encode()).hexdigest(),
            active=bool(row["active"]),
            reason=row["reason"],
            created_at=row["created_at"],
            last_sent_at=row["last_sent_at"],
        )


class SubscriptionList(msgspec.Struct, frozen=True):
    """A user's subscriptions, newest first."""

    items: list[SubscriptionView]


class VapidKey(msgspec.Struct, frozen=True, rename="camel"):
    """The key that a browser subscribes with, its `applicationServerKey`."""

    public_key: str


@get("/push/vapid-key", tags=["Push"])
async def vapid_key(services: Services) -> VapidKey:
    """The server's public VAPID key, base64url."""
    return VapidKey(vapid.public_key(services.vapid_key))


@post("/users/{user_id:str}/push-subscriptions", tags=["Push"])
async def subscribe(
    user_id: str, data: BrowserSubscription, services: Services, caller: Caller
) -> SubscriptionView:
    """Store a browser's subscription; the same endpoint again changes nothing.

    Beyond `push.max_subscriptions_per_user` the inactive and oldest ones are deleted. Raises
    NotFound (another user's token, unknown user), Unprocessable (keys of a wrong size or not on the
    curve, an endpoint that is too long, is not https, cannot be resolved, or leads to an address
    that is not allowed), Conflict (the endpoint is another user's, and stays theirs until they
    delete it), Unavailable.
    """
    caller.require_user(user_id)
    _key(data.keys.p256dh, KEY_BYTES, "keys.p256dh")
    _key(data.keys.auth, AUTH_BYTES, "keys.auth")
    await _endpoint(data.endpoint, services, user_id)

    def add(tx: Tx) -> Row:
        if workspace.find_user(tx, user_id) is None:
            raise NotFound(f"there is no user {user_id}")
        now = services.clock.now()
        row = push_store.add(
            tx,
            services.ids.new("push", now),
            user_id,
            data.endpoint,
            data.keys.p256dh,
            data.keys.auth,
            now,
        )
        if row is None:
            raise Conflict("this browser receives another user's messages", code=ANOTHER_USERS)
        push_store.drop_beyond(tx, user_id, services.settings.push.max_subscriptions_per_user)
        return row

    return SubscriptionView.of(await services.db.write(add))


def _key(text: str, size: int, field: str) -> None:
    """Raise Unprocessable unless the text is that many bytes in base64url, and a
    point if it is a key.
    """
    try:
        raw = base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), b"-_", True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != size:
        raise Unprocessable.field(field, f"must be {size} bytes in base64url")
    if size == KEY_BYTES and not _on_the_curve(raw):
        raise Unprocessable.field(field, "must be an uncompressed point of P-256")


def _on_the_curve(point: bytes) -> bool:
    from cryptography.hazmat.primitives.asymmetric import ec

    if point[0] != UNCOMPRESSED:
        return False
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        return False
    return True


async def _endpoint(endpoint: str, services: Services, user_id: str) -> None:
    """Check the endpoint now, to inform its user; it is checked again on every connection.

    Raises Unprocessable.
    """
    if len(endpoint) > LONGEST_ENDPOINT:
        raise Unprocessable.field("endpoint", f"must be at most {LONGEST_ENDPOINT} characters")
    if not endpoint.startswith("https://"):
        raise Unprocessable.field("endpoint", "must start with https://")
    try:
        await services.egress.check(endpoint, user_id=user_id)
    except AddressRefused as refused:
        raise Unprocessable.field("endpoint", refused.message) from None
    except TransientError as fault:
        raise Unprocessable.field("endpoint", fault.message) from None


@get("/users/{user_id:str}/push-subscriptions", tags=["Push"])
async def list_subscriptions(user_id: str, services: Services, caller: Caller) -> SubscriptionList:
    """A user's subscriptions, newest first; an inactive one has a reason.

    Raises NotFound for another user.
    """
    caller.require_user(user_id)
    rows = await push_store.all_of(services.db, user_id)
    return SubscriptionList([SubscriptionView.of(row) for row in rows])


@delete("/users/{user_id:str}/push-subscriptions/{subscription_id:str}", tags=["Push"])
async def unsubscribe(
    user_id: str, subscription_id: str, services: Services, caller: Caller
) -> None:
    """Delete a subscription. Raises NotFound."""
    caller.require_user(user_id)
    if not await services.db.write(lambda tx: push_store.remove(tx, user_id, subscription_id)):
        raise NotFound(f"there is no subscription {subscription_id}")


ROUTES: list[Any] = [vapid_key, subscribe, list_subscriptions, unsubscribe]
