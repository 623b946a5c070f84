"""How many subscriptions there may be, and what is said of one that is not there."""

from datetime import timedelta

import pytest

from tests.webhooks.conftest import START, notify, subscribe
from tests.webhooks.subscriber import Subscriber
from tests.world import BoxWorld


async def test_there_are_at_most_20_subscriptions(box: BoxWorld) -> None:
    asked = {"url": "http://127.0.0.1:9/", "events": ["brief.completed"]}
    made = [await box.post("/webhook-subscriptions", asked) for _ in range(20)]
    refused = await box.call("POST", "/webhook-subscriptions", asked)
    assert refused.status_code == 409
    await box.call("DELETE", f"/webhook-subscriptions/{made[0]['id']}")
    await box.post("/webhook-subscriptions", asked)
    assert len((await box.get("/webhook-subscriptions"))["items"]) == 20


@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("DELETE", ""), ("POST", "/test"), ("POST", "/replay")]
)
async def test_an_unknown_subscription_is_not_found(box: BoxWorld, method: str, path: str) -> None:
    body = {"since": START} if path == "/replay" else None
    answer = await box.call(method, f"/webhook-subscriptions/webhook-none{path}", body)
    assert answer.status_code == 404


async def test_opening_and_clicking_a_mail_are_told_of(box: BoxWorld) -> None:
    browser = {"User-Agent": "Mozilla/5.0"}
    with Subscriber() as one:
        await subscribe(box, one, "email.opened", "email.clicked")
        await notify(box, "a", channel="email")
        box.clock.advance(timedelta(minutes=1))  # what opens it at once is a scanner
        row = await box.db.one("SELECT tracking_id FROM email_recipients")
        path = f"/email/track/open/{row['tracking_id']}"
        await box.call("GET", path, headers=browser)
        link = (await box.db.one("SELECT url FROM email_links"))["url"]
        path = f"/email/track/click/{row['tracking_id']}"
        await box.call("GET", path, params={"url": link}, headers=browser)
        await box.work()
    (mail,) = (await box.get("/users/ada/emails"))["items"]
    assert [event.body["type"] for event in one.seen] == ["email.opened", "email.clicked"]
    assert {event.body["data"]["email"]["id"] for event in one.seen} == {mail["id"]}
