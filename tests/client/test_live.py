"""The dashboard's client: its operations, its refusals, and the stream of events."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from buildos_box.client import BoxEvent, BoxRefused, BoxUnreachable, LiveClient
from buildos_box.client.stream import events_in
from tests.client.test_client import said, sent
from tests.doubles.web import Answer, Web


@pytest.fixture
async def live(web: Web) -> AsyncIterator[LiveClient]:
    client = LiveClient(web.url(""), "secret")
    yield client
    await client.aclose()


ANSWER = {
    "stats": [{"n": 1}],
    "crons": [{"n": 2}],
    "budget": {"spent": 3},
    "briefs": [{"n": 4}],
}


@pytest.fixture
def web() -> Any:
    with Web(said(ANSWER)) as server:
        yield server


async def test_the_operations_have_their_paths_and_fields(web: Web, live: LiveClient) -> None:
    assert await live.counts() == ANSWER["stats"]
    assert await live.crons() == ANSWER["crons"]
    assert await live.budget() == {"spent": 3}
    assert await live.next_briefs() == ANSWER["briefs"]
    whole = [
        await live.lanes(),
        await live.run_cron("a/b"),
        await live.jobs(status="failed", lane=None),
        await live.job("j"),
        await live.job("j", "why"),
        await live.act("retry", ["j"]),
        await live.cleanup(dry_run=True),
        await live.me(),
        await live.overview(),
        await live.forecast(7),
        await live.history(step="1h"),
        await live.llm_history(by="model"),
        await live.log(limit=2),
        await live.stale(),
        await live.messages(q="x"),
        await live.people(q="y"),
        await live.mail("ada", "m1"),
        await live.brief_now("ada"),
        await live.health(),
    ]
    assert whole == [ANSWER] * len(whole)
    await live.pause("sms", paused=True)
    await live.pause("sms", paused=False)
    assert sent(web) == [
        ("GET", "/queue/stats", None),
        ("GET", "/schedule", None),
        ("GET", "/llm/usage", None),
        ("GET", "/schedule/briefs?limit=20", None),
        ("GET", "/queue/lanes", None),
        ("POST", "/schedule/a%2Fb/run", None),
        ("GET", "/jobs?status=failed", None),
        ("GET", "/jobs/j", None),
        ("GET", "/jobs/j/why", None),
        ("POST", "/jobs/bulk", {"action": "retry", "ids": ["j"]}),
        ("POST", "/queue/cleanup", {"dryRun": True}),
        ("GET", "/me", None),
        ("GET", "/queue/overview", None),
        ("GET", "/schedule/forecast?days=7", None),
        ("GET", "/queue/history?step=1h", None),
        ("GET", "/llm/history?by=model", None),
        ("GET", "/log?limit=2", None),
        ("GET", "/queue/stale-stats", None),
        ("GET", "/messages?q=x", None),
        ("GET", "/people?q=y", None),
        ("GET", "/users/ada/emails/m1", None),
        ("POST", "/queue/brief", {"userId": "ada"}),
        ("GET", "/health", None),
        ("POST", "/queue/pause", {"lane": "sms"}),
        ("POST", "/queue/resume", {"lane": "sms"}),
    ]
    assert {request.headers["authorization"] for request in web.seen} == {"Bearer secret"}


async def test_a_refusal_has_its_status_and_words(web: Web, live: LiveClient) -> None:
    web.by_path |= {"/me": said({"error": "no"}, 300), "/events": said({"error": "not you"}, 300)}
    with pytest.raises(BoxRefused, match=r"^no$") as refused:
        await live.me()
    assert refused.value.status == 300
    with pytest.raises(BoxRefused, match=r"^not you$"):
        await anext(live.events())


async def test_an_empty_answer_is_one_and_another_servers_is_none(
    web: Web, live: LiveClient
) -> None:
    web.by_path |= {"/me": Answer(200, b"<html>"), "/queue/pause": Answer(204)}
    await live.pause("sms", paused=True)
    with pytest.raises(BoxUnreachable, match="is no BuildOS Box"):
        await live.me()


async def test_where_nobody_answers_every_call_says_so() -> None:
    with Web() as web:
        gone = web.url("")
    client = LiveClient(gone, None)
    for call in (client.me, client.health, lambda: anext(client.events())):
        with pytest.raises(BoxUnreachable, match="connect"):
            await call()
    await client.aclose()


async def test_an_answer_is_not_waited_for_longer_than_asked() -> None:
    with Web(Answer(delay=0.5)) as web:
        client = LiveClient(web.url(""), None, timeout_seconds=0.05)
        # What httpx says of that has no words, only a name.
        with pytest.raises(BoxUnreachable, match=r"^ReadTimeout$"):
            await client.me()
        await client.aclose()


async def test_no_proxy_of_the_environment_sees_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    with Web() as proxy, Web(said({"scope": "admin"})) as web:
        monkeypatch.setenv("HTTP_PROXY", proxy.url())
        monkeypatch.setenv("NO_PROXY", "")
        client = LiveClient(web.url(""), "secret")
        await client.me()
        await client.aclose()
        assert (len(proxy.seen), len(web.seen)) == (0, 1)


async def test_events_are_asked_for_from_the_last_one_seen(web: Web, live: LiveClient) -> None:
    block = {
        "type": "job.updated",
        "userId": "ada",
        "at": "2024-10-23T08:00:00.000Z",
        "correlationId": "c1",
        "data": {"id": "j"},
    }
    web.by_path["/events"] = Answer(200, f"id: e2\ndata: {json.dumps(block)}\n\n".encode())
    found = [event async for event in live.events(after="e1")]
    assert found == [
        BoxEvent("job.updated", "e2", "ada", "2024-10-23T08:00:00.000Z", "c1", {"id": "j"})
    ]
    assert [event.id async for event in live.events()] == ["e2"]
    assert [request.headers.get("last-event-id") for request in web.seen] == ["e1", None]


async def read(text: str) -> list[BoxEvent]:
    async def lines() -> AsyncIterator[str]:
        for line in text.splitlines():
            yield line

    return [event async for event in events_in(lines())]


@pytest.mark.parametrize(
    ("text", "events"),
    [
        ("id: e1\n\n", [BoxEvent("opened", "e1")]),
        ("event: a\ndata: {}\n\n", [BoxEvent("a")]),
        ('event: a\ndata: {"type": "b"}\n\n', [BoxEvent("b")]),
        ('id: e1\ndata: {\ndata: "type": "b"}\n\n', [BoxEvent("b", "e1")]),
        ("id: e1\ndata: {}\n\ndata: {}\n\n", [BoxEvent("", "e1"), BoxEvent("")]),
        ("id:e1\nevent:  a\ndata:{}\n\n", [BoxEvent(" a", "e1")]),
        (": heartbeat\n\n", []),
        ("retry: 5\n\nevent: a\n\n", []),
        ('data: {"data": null, "at": null}\n\n', [BoxEvent("")]),
        ("id: e1\ndata: {}\n", []),
        ("id: 1\nevent: a\n\nid: 2\ndata: {}\n\n", [BoxEvent("opened", "1"), BoxEvent("", "2")]),
    ],
)  # fmt: skip
async def test_the_lines_of_a_stream_are_events(text: str, events: list[BoxEvent]) -> None:
    assert await read(text) == events
