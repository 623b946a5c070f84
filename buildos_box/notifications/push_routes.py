"""Browsers that ask for push messages, over HTTP (docs/spec.md#push-subscriptions)."""

import base64
import binascii
from typing import Any

import msgspec
from litestar import delete, get, post

from buildos_box.auth.caller import Caller
from buildos_box.db import Row, Tx
from buildos_box.egress import AddressRefused
from buildos_box.errors import Impossible, NotFound, TransientError
from buildos_box.notifications import push_store, vapid
from buildos_box.services import Services
from buildos_box.workspace import store as workspace

LONGEST_ENDPOINT = 2_048
KEY_BYTES, AUTH_BYTES = 65, 16
UNCOMPRESSED = 4


class BrowserKeys(msgspec.Struct, frozen=True, kw_only=True):
    """What messages to this browser are encrypted with, base64url."""

    p256dh: str
    auth: str


class BrowserSubscription(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A `PushSubscription` as `toJSON()` of the browser gives it."""

    endpoint: str
    keys: BrowserKeys
    expiration_time: float | None = None


class SubscriptionView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One browser. `reason` says why it is not active any more."""

    id: str
    endpoint: str
    active: bool
    reason: str | None
    created_at: str
    last_sent_at: str | None

    @classmethod
    def of(cls, row: Row) -> "SubscriptionView":
        """The view of one row."""
        values: dict[str, Any] = {name: row[name] for name in cls.__struct_fields__}
        values["active"] = bool(row["active"])
        return cls(**values)


class SubscriptionList(msgspec.Struct, frozen=True):
    """A user's browsers, newest first."""

    items: list[SubscriptionView]


class VapidKey(msgspec.Struct, frozen=True, rename="camel"):
    """What a browser subscribes with, as its `applicationServerKey`."""

    public_key: str


@get("/push/vapid-key", tags=["Push"])
async def vapid_key(box: Services) -> VapidKey:
    """The public key of this box, base64url."""
    return VapidKey(vapid.public_key(box.vapid_key))


@post("/users/{user_id:str}/push-subscriptions", tags=["Push"])
async def subscribe(
    user_id: str, data: BrowserSubscription, box: Services, caller: Caller
) -> SubscriptionView:
    """Take a browser's subscription; the same endpoint again changes nothing."""
    caller.require_user(user_id)
    _key(data.keys.p256dh, KEY_BYTES, "keys.p256dh")
    _key(data.keys.auth, AUTH_BYTES, "keys.auth")
    await _endpoint(data.endpoint, box, user_id)

    def add(tx: Tx) -> Row:
        if workspace.find_user(tx, user_id) is None:
            raise NotFound(f"no user {user_id}")
        now = box.clock.now()
        row = push_store.add(
            tx,
            box.ids.new("push", now),
            user_id,
            data.endpoint,
            data.keys.p256dh,
            data.keys.auth,
            now,
        )
        push_store.drop_beyond(tx, user_id, box.settings.push.max_subscriptions_per_user)
        return row

    return SubscriptionView.of(await box.db.write(add))


def _key(text: str, size: int, field: str) -> None:
    """Raises Impossible."""
    try:
        raw = base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), b"-_", True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != size:
        raise Impossible.field(field, f"must be {size} bytes in base64url")
    if size == KEY_BYTES and not _on_the_curve(raw):
        raise Impossible.field(field, "must be an uncompressed point of P-256")


def _on_the_curve(point: bytes) -> bool:
    from cryptography.hazmat.primitives.asymmetric import ec

    if point[0] != UNCOMPRESSED:
        return False
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        return False
    return True


async def _endpoint(endpoint: str, box: Services, user_id: str) -> None:
    """One that messages may go to: checked here so that its owner hears of it, and on connecting.

    Raises Impossible.
    """
    if len(endpoint) > LONGEST_ENDPOINT:
        raise Impossible.field("endpoint", f"must be at most {LONGEST_ENDPOINT} characters")
    if not endpoint.startswith("https://"):
        raise Impossible.field("endpoint", "must start with https://")
    try:
        await box.egress.check(endpoint, any_port=False, user_id=user_id)
    except AddressRefused as refused:
        raise Impossible.field("endpoint", refused.message) from None
    except TransientError as fault:
        raise Impossible.field("endpoint", fault.message) from None


@get("/users/{user_id:str}/push-subscriptions", tags=["Push"])
async def list_subscriptions(user_id: str, box: Services, caller: Caller) -> SubscriptionList:
    """A user's browsers, newest first; one that is not active says why."""
    caller.require_user(user_id)
    rows = await push_store.all_of(box.db, user_id)
    return SubscriptionList([SubscriptionView.of(row) for row in rows])


@delete("/users/{user_id:str}/push-subscriptions/{subscription_id:str}", tags=["Push"])
async def unsubscribe(user_id: str, subscription_id: str, box: Services, caller: Caller) -> None:
    """Forget a browser."""
    caller.require_user(user_id)
    if not await box.db.write(lambda tx: push_store.remove(tx, user_id, subscription_id)):
        raise NotFound(f"no subscription {subscription_id}")


ROUTES: list[Any] = [vapid_key, subscribe, list_subscriptions, unsubscribe]
