"""`POST /queue/test-push`: to each browser, and what each push service said."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.doubles.web import Answer, Web
from tests.notifications.browser import authority, name_of, subscribe, with_push
from tests.world import BoxWorld


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    with Web(Answer(201), tls=authority(tmp_path)) as server:
        yield server


@pytest.fixture
async def box(tmp_path: Path, web: Web) -> AsyncIterator[BoxWorld]:
    async with with_push(tmp_path, web) as world:
        yield world


async def test_a_test_message_goes_to_all_browsers_and_tells_what_each_service_said(
    box: BoxWorld, web: Web
) -> None:
    web.by_path |= {"/push/b": Answer(410), "/push/c": Answer(403, b"BadJwtToken")}
    (first, *_) = await subscribe(box, web, "a", "b", "c")
    job = (await box.post("/queue/test-push", {"userId": "ada"}))["jobId"]
    await box.work()
    result = (await box.get(f"/jobs/{job}"))["result"]
    assert result["sent"] == 1
    assert [fault[:21] for fault in result["failed"]] == [
        "localhost answers 410",
        "localhost answers 403",
    ]
    assert first.read(web.seen[0])["body"] == "This is a test message."
    shown = (await box.get("/users/ada/push-subscriptions"))["items"]
    endpoints = [web.url(f"/push/{name}", "localhost") for name in ("a", "b", "c")]
    assert {name_of(item, *endpoints): item["active"] for item in shown} == {
        "a": True,
        "b": False,
        "c": True,
    }


async def test_a_test_message_that_no_service_takes_fails_with_what_they_said(
    box: BoxWorld, web: Web
) -> None:
    answer = await box.call("POST", "/queue/test-push", {"userId": "ada"})
    assert answer.status_code == 422
    assert answer.json()["details"] == [
        {"field": "userId", "message": "no browser of ada has subscribed to push"}
    ]
    web.by_path["/push/a"] = Answer(503, b"busy")
    await subscribe(box, web, "a")
    job = (await box.post("/queue/test-push", {"userId": "ada"}))["jobId"]
    await box.work()
    shown = await box.get(f"/jobs/{job}")
    assert (shown["status"], shown["error"]) == ("failed", "localhost answers 503: busy")


async def test_who_has_no_browser_any_more_is_told(box: BoxWorld, web: Web) -> None:
    await subscribe(box, web, "a")
    job = (await box.post("/queue/test-push", {"userId": "ada"}))["jobId"]
    (browser,) = (await box.get("/users/ada/push-subscriptions"))["items"]
    await box.call("DELETE", f"/users/ada/push-subscriptions/{browser['id']}")
    await box.work()
    shown = await box.get(f"/jobs/{job}")
    assert (shown["error"], shown["error_code"]) == ("no browser has subscribed", "not_sent")
    assert web.seen == []


async def test_it_says_what_it_is_and_leads_to_the_page(box: BoxWorld, web: Web) -> None:
    (browser,) = await subscribe(box, web, "a")
    job = (await box.post("/queue/test-push", {"userId": "ada"}))["jobId"]
    await box.work()
    (request,) = web.seen
    assert (request.headers["ttl"], request.headers["urgency"]) == ("600", "high")
    assert browser.read(request) == {
        "id": job,
        "eventType": "test",
        "title": "BuildOS Box can send push messages",
        "body": "This is a test message.",
        "tag": "test",
        "url": "/app",
        "createdAt": "2024-10-23T08:00:00.000Z",
    }
