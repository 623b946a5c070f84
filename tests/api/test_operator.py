"""What the dashboard watches: the last hour, all that was sent, users, next briefs; viewers."""

from datetime import timedelta
from typing import Any

import pytest

from buildos_box.llm.breaker import Breaker
from tests.world import BoxWorld

READS = ("/queue/overview", "/messages", "/people", "/schedule/briefs")


async def a_brief(box: BoxWorld, user: str = "ada") -> None:
    await box.person(user, at="18:00")
    await box.project(user)
    await box.post("/queue/brief", {"userId": user})
    await box.work()


async def test_the_last_hour_is_counted_by_type(box: BoxWorld) -> None:
    await a_brief(box)
    (brief, *_) = [
        found
        for found in (await box.get("/queue/overview"))["throughput"]["types"]
        if found["jobType"] == "generate_daily_brief"
    ]
    assert (brief["done"], sum(brief["failed"])) == ([0] * 11 + [1], 0)
    assert brief["p50Ms"] == 0  # the clock stood still
    box.clock.advance(timedelta(minutes=30))
    later = (await box.get("/queue/overview"))["throughput"]["types"]
    found = {kind["jobType"]: kind["done"] for kind in later}
    assert found["generate_daily_brief"] == [0] * 5 + [1] + [0] * 6
    box.clock.advance(timedelta(minutes=31))
    assert (await box.get("/queue/overview"))["throughput"]["types"] == []


async def test_disk_and_providers_are_told(box: BoxWorld) -> None:
    told = await box.get("/queue/overview")
    assert told["diskFreeBytes"] > 0
    assert told["providers"] == box.box.services.llm.states()


def test_a_breaker_tells_its_state_and_stays_as_it_is() -> None:
    now = [0.0]
    breaker = Breaker(lambda: now[0])
    assert breaker.state == "untested"
    breaker.succeeded()
    assert breaker.state == "ok"
    for _ in range(5):
        breaker.failed()
    assert breaker.state == "down"
    now[0] = 61.0
    assert breaker.state == "down"
    assert breaker.refuses() is None  # the one probe is still there
    breaker.failed(timedelta(seconds=30))
    assert breaker.state == "resting"


async def test_all_that_was_sent_is_one_list_in_pages(box: BoxWorld) -> None:
    await a_brief(box)
    await box.post(
        "/queue/sms", {"userId": "ada", "phoneNumber": "+14155552671", "message": "hello"}
    )
    await box.work()
    told = (await box.get("/messages"))["items"]
    assert {message["channel"] for message in told} >= {"email", "sms"}
    sms = next(message for message in told if message["channel"] == "sms")
    assert "555267" not in sms["recipient"]
    assert [m["id"] for m in (await box.get("/messages?channel=sms,fax"))["items"]] == [sms["id"]]
    assert (await box.get("/messages?text=HELLO"))["items"] == [sms]
    mails = (await box.get("/messages?channel=email&status=sent"))["items"]
    assert [mail["recipient"] for mail in mails] == ["ada@example.org"]
    paged: list[Any] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await box.get(f"/messages?limit=1{cursor}")
        paged += page["items"]
        cursor = f"&cursor={page['nextCursor']}" if page.get("nextCursor") else None
    assert paged == told
    assert (await box.call("GET", "/messages?cursor=odd")).status_code == 422


async def test_people_have_their_next_and_last_brief(box: BoxWorld) -> None:
    await a_brief(box)
    await box.person("bob")
    bob, ada = (await box.get("/people"))["items"]
    assert (ada["channels"], ada["lastBrief"]) == (["email"], "2024-10-23")
    assert (ada["lastBriefStatus"], ada["nextBrief"]) == ("completed", "2024-10-23T18:00:00.000Z")
    assert (bob["channels"], bob["nextBrief"], bob["lastBrief"]) == ([], None, None)
    assert [user["id"] for user in (await box.get("/people?text=ADA@"))["items"]] == ["ada"]


async def test_next_briefs_are_told_on_their_readers_clocks(box: BoxWorld) -> None:
    await box.person("ada", zone="Europe/Berlin", at="18:30")
    await box.person("bob", at="12:00")
    told = (await box.get("/schedule/briefs"))["briefs"]
    assert [(brief["userId"], brief["localTime"]) for brief in told] == [
        ("bob", "Wed 12:00"),
        ("ada", "Wed 18:30"),
    ]


async def test_a_viewer_sees_all_and_changes_nothing(box: BoxWorld) -> None:
    await box.person("ada")
    token = await box.token_for("viewer")
    for path in (*READS, "/queue/stats", "/jobs", "/users", "/schedule", "/users/ada/emails"):
        assert (await box.call("GET", path, token=token)).status_code == 200
    assert (await box.get("/me", token=token)) == {
        "scope": "viewer",
        "name": "test",
        "mayAct": False,
        "isAdmin": False,
    }
    for method, path, body in (
        ("POST", "/queue/brief", {"userId": "ada"}),
        ("POST", "/queue/pause", {}),
        ("PATCH", "/users/ada", {"name": "Eve"}),
        ("DELETE", "/users/ada", None),
    ):
        answer = await box.call(method, path, body, token=token)
        assert (answer.status_code, answer.json()["error"]) == (403, "this token may only read")
    assert (await box.call("GET", "/tokens", token=token)).status_code == 403


@pytest.mark.parametrize("path", READS)
async def test_a_users_token_does_not_watch_the_box(box: BoxWorld, path: str) -> None:
    await box.person("ada")
    token = await box.token_for("user:ada")
    assert (await box.call("GET", path, token=token)).status_code == 403


async def test_head_of_health_has_the_length_of_its_answer(box: BoxWorld) -> None:
    whole = await box.call("GET", "/health")
    head = await box.call("HEAD", "/health")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == whole.headers["content-length"]
