"""A request counts until it is answered, a stream until it has begun."""

from types import SimpleNamespace
from typing import Any

import pytest

from buildos_box.auth.caller import Caller
from buildos_box.auth.in_flight import InFlight, RequestsInFlight, in_flight_guard
from buildos_box.errors import RateLimited

ADA = Caller("user:ada", "t1", "mine")


def is_free(requests: RequestsInFlight) -> bool:
    try:
        requests.leave(requests.enter(ADA))
    except RateLimited:
        return False
    return True


@pytest.mark.parametrize(
    ("media", "free_once_begun"),
    [(b"application/json", False), (b"text/event-stream; charset=utf-8", True)],
)
@pytest.mark.parametrize("fails", [False, True])
async def test_a_request_holds_its_place(media: bytes, free_once_begun: bool, fails: bool) -> None:
    requests = RequestsInFlight(1, 1)
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        state = SimpleNamespace(requests_in_flight=requests)
        connection: Any = SimpleNamespace(scope=scope, app=SimpleNamespace(state=state))
        handler: Any = None
        await in_flight_guard(connection, handler)
        seen.append(is_free(requests))
        headers = [(b"X-Other", b"text/event-stream"), (b"Content-Type", media)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        seen.append(is_free(requests))
        if fails:
            raise OSError("the caller is gone")
        await send({"type": "http.response.body", "body": b""})

    async def send(message: Any) -> None:
        seen.append(message["type"])

    inner: Any = InFlight(app, requests)
    try:
        await inner({"state": {"caller": ADA}}, None, send)
    except OSError:
        assert fails
    assert seen[:3] == [False, "http.response.start", free_once_begun]
    assert is_free(requests)
