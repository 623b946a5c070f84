"""What becomes of a notification that cannot go its way (docs/spec.md#notification-fallback)."""

from datetime import timedelta
from typing import Any

import pytest

from tests.notifications.browser import take_push
from tests.notifications.test_notifications import NO_BROWSER, deliveries, tell, wish
from tests.world import BoxWorld

INBOX = ("in_app", "sent", None)


async def test_who_has_said_nothing_has_the_preferences_of_the_specification(
    box: BoxWorld,
) -> None:
    await box.person()
    assert await box.get("/users/ada/notification-preferences") == {
        **{"inApp": True, "push": True, "email": True, "sms": True, "chat": True},
        **{"fallback": [], "eventTypes": {}, "dndStart": None, "dndEnd": None},
        **{"hourlyCap": 20, "dailyCap": 100, "dueSoonMinutes": 60},
    }


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"hourlyCap": 10_001}, "hourlyCap"),
        ({"dailyCap": -1}, "dailyCap"),
        ({"fallback": ["email", "email"]}, "fallback"),
        ({"fallback": ["in_app"]}, "fallback"),
        ({"fallback": ["pigeon"]}, "fallback"),
        ({"dndEnd": "07:00"}, "dndStart"),
        ({"dndStart": "24:00", "dndEnd": "07:00"}, "dndStart"),
    ],
)
async def test_preferences_that_cannot_be_are_refused_by_their_field(
    box: BoxWorld, wrong: dict[str, Any], field: str
) -> None:
    await box.person()
    answer = await box.call("PUT", "/users/ada/notification-preferences", wrong)
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (422, field)
    for cap in (0, 10_000):
        assert (await wish(box, hourlyCap=cap, dailyCap=cap))["hourlyCap"] == cap


async def test_preferences_of_nobody_are_not_stored(box: BoxWorld) -> None:
    answer = await box.call("PUT", "/users/nobody/notification-preferences", {"push": False})
    assert answer.status_code == 404


async def lost_browser(box: BoxWorld, *fallback: str) -> list[tuple[str, str, str | None]]:
    """The deliveries of a push message whose only browser is removed before it is sent."""
    await box.person()
    await wish(box, fallback=list(fallback))
    await take_push(box)
    await box.post("/queue/pause", {"lane": "push"})
    await tell(box, channel="push")
    (one,) = (await box.get("/users/ada/push-subscriptions"))["items"]
    await box.call("DELETE", f"/users/ada/push-subscriptions/{one['id']}")
    await box.post("/queue/resume", {"lane": "push"})
    await box.work()
    return await deliveries(box)


async def test_a_browser_that_is_gone_by_then_leaves_the_inbox(box: BoxWorld) -> None:
    assert await lost_browser(box) == [NO_BROWSER, INBOX]


async def test_the_next_channel_of_the_order_that_can_reach_them_is_tried(box: BoxWorld) -> None:
    """Without an address the chat is passed over."""
    ways = await lost_browser(box, "chat", "email")
    assert sorted(ways) == sorted([NO_BROWSER, INBOX, ("email", "sent", None)])
    assert len(box.outbox) == 1


async def test_the_order_goes_on_after_the_one_that_failed(box: BoxWorld) -> None:
    assert await lost_browser(box, "email", "push") == [NO_BROWSER, INBOX]


async def test_a_channel_that_is_off_for_the_type_is_passed_over(box: BoxWorld) -> None:
    await box.person()
    await wish(box, fallback=["email"], eventTypes={"task.completed": {"email": False}})
    await tell(box, channel="push")
    await box.work()
    assert await deliveries(box) == [NO_BROWSER, INBOX]


async def test_a_notification_is_pushed_once_more_in_an_hour(box: BoxWorld) -> None:
    await box.person()
    await box.person("bob")
    await take_push(box)
    await tell(box, channel="in_app")
    await box.work()
    (item,) = (await box.get("/users/ada/notifications"))["items"]
    path = f"notifications/{item['id']}/snooze"
    for at in range(2):
        assert await box.post(f"/users/ada/{path}") == {
            "success": True,
            "notifyAt": f"2024-10-23T09:00:0{at}.000Z",
        }
        box.clock.advance(timedelta(seconds=1))
    (job,) = await box.jobs(statuses=["pending"])
    assert (job["lane"], job["scheduled_for"]) == ("push", "2024-10-23T09:00:00.000Z")
    again = (await box.get("/deliveries"))["items"][0]
    assert (again["channel"], again["status"]) == ("push", "pending")
    assert len((await box.get("/users/ada/notifications"))["items"]) == 1
    for other in ("bob", "ada"):
        token = await box.token_for(f"user:{other}")
        answer = await box.call("POST", f"/users/bob/{path}", token=token)
        assert answer.status_code == 404
    assert len(await box.jobs(statuses=["pending"])) == 1
