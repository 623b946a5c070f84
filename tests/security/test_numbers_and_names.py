"""No number or host name in a request leads to an error of the server's own."""

import pytest

from tests.doubles.web import Answer, Web
from tests.world import BoxWorld

PAGES = [
    "/sms/scheduled/user/ada", "/sms/scheduled", "/users", "/users/ada/projects",
    "/users/ada/calendar-feeds", "/users/ada/briefs", "/users/ada/emails", "/users/ada/jobs",
    "/users/ada/notifications", "/users/ada/notes", "/users/ada/tasks", "/jobs", "/emails/bounces",
    "/deliveries", "/users/ada/calendar-events", "/messages", "/people",
]  # fmt: skip
CURSORS = ["9223372036854775808", "-1", "1e400", "9" * 400, "czkyMjMzNzIwMzY4NTQ3NzU4MDg", "\x00"]
HOSTS = [
    "https://xn--zz/", "https://xn--/", "https://xn--a-ecp.ru/", "https://[::1/", "https://a:99999/",
    "https://\u3002/", "https://[v1.a]/", "https://a:-1/", "https://a:xx/",
]  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
async def test_a_cursor_that_no_page_gave_is_an_answer(box: BoxWorld, page: str) -> None:
    await box.person()
    for cursor in CURSORS:
        answer = await box.call("GET", page, params={"cursor": cursor})
        assert answer.status_code < 500, (cursor, answer.text)


@pytest.mark.parametrize("url", HOSTS)
async def test_a_host_that_cannot_be_is_refused(box: BoxWorld, url: str) -> None:
    await box.person()
    feed = await box.call("POST", "/users/ada/calendar-feeds", {"url": url})
    assert feed.status_code == 422, feed.text
    keys = {"p256dh": "BA" + "A" * 85, "auth": "A" * 22}
    push = await box.call("POST", "/users/ada/push-subscriptions", {"endpoint": url, "keys": keys})
    assert push.status_code in (400, 422), push.text


@pytest.mark.parametrize("location", [*HOSTS, "https://[", "//xn--zz/", "http://\x7f/"])
async def test_a_redirect_to_a_host_that_cannot_be_is_the_feeds_fault(
    box: BoxWorld, location: str
) -> None:
    from buildos_box.calendars.feeds.fetch import FeedFault, fetch
    from buildos_box.egress import Egress
    from buildos_box.settings import EgressSettings

    way = Egress(EgressSettings(allow_private=True))
    header = location.encode("utf-8").decode("latin-1")
    with Web(Answer(302, headers={"Location": header})) as web, pytest.raises(FeedFault):
        await fetch(way, web.url(), user_id="ada", now=box.clock.now())


async def test_a_page_of_messages_goes_on_where_it_ended(box: BoxWorld) -> None:
    await box.person()
    await box.post("/sms/scheduled", {"userId": "ada", "phone_number": "+14155552671"})
    for number in range(3):
        await box.post("/queue/sms", {"userId": "ada", "message": f"Text {number}"})
    seen, cursor = [], None
    while True:
        params = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        page = await box.get("/sms/scheduled/user/ada", params=params)
        seen += [message["message"] for message in page["messages"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert seen == ["Text 0", "Text 1", "Text 2"]


@pytest.mark.parametrize("zone", ["localtime", "Factory", "posixrules"])
async def test_a_zone_that_says_nothing_of_a_place_is_refused(box: BoxWorld, zone: str) -> None:
    await box.person()
    changed = await box.call("PATCH", "/users/ada", {"timezone": zone})
    assert changed.status_code == 422
    asked = await box.call("POST", "/queue/brief", {"userId": "ada", "timezone": zone})
    assert asked.status_code == 422
    await box.sync(users=[{"id": "ada", "timezone": zone}])
    assert "UTC is used" in (await box.get("/users/ada"))["timezoneWarning"]
