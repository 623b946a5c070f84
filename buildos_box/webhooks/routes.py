"""Subscriptions to events over HTTP (docs/spec.md#webhooks)."""

from typing import Any

import msgspec
from litestar import delete, get, post

from buildos_box.auth.caller import Caller
from buildos_box.auth.scope_guard import NEEDS_SERVICE
from buildos_box.clock import as_stored, to_text
from buildos_box.db import Row, Tx
from buildos_box.egress.egress import AddressRefused
from buildos_box.errors import Conflict, NotFound, TransientError, Unprocessable
from buildos_box.jobs.job_type import JobQueued
from buildos_box.services import Services
from buildos_box.url_masking import masked_url
from buildos_box.webhooks import secrets, store
from buildos_box.webhooks.event_types import checked_types
from buildos_box.webhooks.job import SEND_TEST_WEBHOOK, TestPayload, queue_delivery

MAX_SUBSCRIPTIONS = 20
MAX_URL_CHARACTERS = 2000
MAX_REPLAYED = 10_000


class SubscriptionRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Where to deliver which events; without a secret one is made."""

    url: str
    events: list[str]
    secret: str | None = None


class WebhookView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A subscription. `url` is masked; `pending` is the number of deliveries that wait."""

    id: str
    url: str
    events: list[str]
    status: str
    """`active` or `disabled`."""
    pending: int
    failing_since: str | None
    last_error: str | None
    last_success_at: str | None
    disabled_at: str | None
    created_at: str

    @classmethod
    def of(cls, row: Row) -> "WebhookView":
        """The view of one row."""
        return cls(**_plain(row))


class WebhookCreated(WebhookView, frozen=True, kw_only=True, rename="camel"):
    """A new subscription with its secret, which is shown this once."""

    secret: str


class WebhookList(msgspec.Struct, frozen=True):
    """All subscriptions, oldest first."""

    items: list[WebhookView]


class ReplayRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The range of time whose events are delivered again; until now without `until`."""

    since: str
    until: str | None = None


class Replayed(msgspec.Struct, frozen=True):
    """How many events are delivered again."""

    success: bool
    events: int


def _plain(row: Row) -> dict[str, Any]:
    taken = {"url": row["masked_url"], "events": msgspec.json.decode(row["events"])}
    names = (name for name in WebhookView.__struct_fields__ if name not in taken)
    return taken | {name: row[name] for name in names}


@post("/webhook-subscriptions", tags=["Webhooks"], opt=NEEDS_SERVICE)
async def subscribe_webhook(data: SubscriptionRequest, services: Services) -> WebhookCreated:
    """Subscribe an address to events. The answer has the secret, which is not shown again.

    Raises Forbidden, Unprocessable (address, event types, secret), Conflict (20 subscriptions).
    """
    events = checked_types(data.events)
    secret = secrets.new_secret() if data.secret is None else secrets.checked_secret(data.secret)
    await _check_address(services, data.url)
    now = services.clock.now()
    subscription_id = services.ids.new("webhook", now)

    def add(tx: Tx) -> None:
        if store.count_subscriptions(tx) >= MAX_SUBSCRIPTIONS:
            raise Conflict(f"there are {MAX_SUBSCRIPTIONS} subscriptions; delete one first")
        store.add_subscription(
            tx,
            subscription_id,
            url=data.url,
            masked=masked_url(data.url),
            events=events,
            sealed_secret=secrets.sealed(services.secret, subscription_id, secret),
            now=now,
        )

    await services.db.write(add)
    row = await store.subscription(services.db, subscription_id)
    if row is None:
        raise _unknown()
    return WebhookCreated(**_plain(row), secret=secret)


async def _check_address(services: Services, url: str) -> None:
    if len(url) > MAX_URL_CHARACTERS:
        raise Unprocessable.field("url", f"must have at most {MAX_URL_CHARACTERS} characters")
    try:
        await services.egress.check(url)
    except (AddressRefused, TransientError) as error:
        raise Unprocessable.field("url", error.message) from None


@get("/webhook-subscriptions", tags=["Webhooks"], opt=NEEDS_SERVICE)
async def list_webhooks(services: Services) -> WebhookList:
    """All subscriptions, without their secrets. Raises Forbidden."""
    return WebhookList([WebhookView.of(row) for row in await store.subscriptions(services.db)])


@get("/webhook-subscriptions/{webhook_id:str}", tags=["Webhooks"], opt=NEEDS_SERVICE)
async def get_webhook(webhook_id: str, services: Services) -> WebhookView:
    """One subscription, without its secret. Raises Forbidden, NotFound."""
    row = await store.subscription(services.db, webhook_id)
    if row is None:
        raise _unknown()
    return WebhookView.of(row)


@delete("/webhook-subscriptions/{webhook_id:str}", tags=["Webhooks"], opt=NEEDS_SERVICE)
async def unsubscribe_webhook(webhook_id: str, services: Services) -> None:
    """Delete a subscription and its deliveries. Raises Forbidden, NotFound."""
    if not await services.db.write(lambda tx: store.delete_subscription(tx, webhook_id)):
        raise _unknown()


@post(
    "/webhook-subscriptions/{webhook_id:str}/test",
    status_code=200,
    tags=["Webhooks"],
    opt=NEEDS_SERVICE,
)
async def send_webhook_test(
    webhook_id: str, services: Services, caller: Caller, correlation_id: str
) -> JobQueued:
    """Send one `webhook.test` event; the result of its job is the receiver's answer.

    An accepted one makes a disabled subscription active again. Raises Forbidden, NotFound.
    """

    def queue(tx: Tx) -> JobQueued:
        _require(tx, webhook_id)
        queued = services.queue.enqueue(
            tx,
            SEND_TEST_WEBHOOK,
            TestPayload(subscription_id=webhook_id),
            user_id=None,
            correlation_id=correlation_id,
            actor=caller.actor,
        )
        return JobQueued(success=True, job_id=queued.job_id)

    return await services.db.write(queue)


@post(
    "/webhook-subscriptions/{webhook_id:str}/replay",
    status_code=200,
    tags=["Webhooks"],
    opt=NEEDS_SERVICE,
)
async def replay_webhook(webhook_id: str, data: ReplayRequest, services: Services) -> Replayed:
    """Deliver the events of a range of time again, under their ids and in their order.

    Raises Forbidden, NotFound, Unprocessable (instants, more than 10,000 events), Conflict (the
    subscription is disabled).
    """
    now = services.clock.now()
    since = as_stored(data.since, "since") or to_text(now)
    until = as_stored(data.until, "until") or to_text(now)

    def replay(tx: Tx) -> int:
        if _require(tx, webhook_id)["status"] == store.DISABLED:
            raise Conflict("the subscription is disabled; send it a test first")
        found = store.events_between(
            tx, webhook_id, since=since, until=until, limit=MAX_REPLAYED + 1
        )
        if len(found) > MAX_REPLAYED:
            raise Unprocessable.field("since", f"the range has more than {MAX_REPLAYED} events")
        for event in found:
            store.set_waiting(
                tx,
                services.ids.new("delivery", now),
                subscription_id=webhook_id,
                event_seq=event["seq"],
                user_id=event["user_id"],
                now=now,
            )
        for user_id in {event["user_id"] for event in found}:
            queue_delivery(tx, services, webhook_id, user_id)
        return len(found)

    return Replayed(success=True, events=await services.db.write(replay))


def _require(tx: Tx, webhook_id: str) -> Row:
    row = store.find_subscription(tx, webhook_id)
    if row is None:
        raise _unknown()
    return row


def _unknown() -> NotFound:
    return NotFound("there is no such webhook subscription")


ROUTES: list[Any] = [
    subscribe_webhook,
    list_webhooks,
    get_webhook,
    unsubscribe_webhook,
    send_webhook_test,
    replay_webhook,
]
