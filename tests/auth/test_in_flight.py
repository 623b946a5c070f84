"""A request counts until it is answered, a stream until it has begun."""

from types import SimpleNamespace
from typing import Any

import pytest

from buildos_box.auth.caller import Caller
from buildos_box.auth.in_flight import RequestsInFlight, in_flight_guard
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
def test_a_request_holds_its_place(media: bytes, free_once_begun: bool) -> None:
    requests = RequestsInFlight(1, 1)
    scope: Any = {"state": {"caller": ADA}}
    state = SimpleNamespace(requests_in_flight=requests)
    connection: Any = SimpleNamespace(scope=scope, app=SimpleNamespace(state=state))
    in_flight_guard(connection)
    assert not is_free(requests)
    requests.response_begins(scope, [(b"X-Other", b"text/event-stream"), (b"Content-Type", media)])
    assert is_free(requests) == free_once_begun
    requests.request_ends(scope)
    assert is_free(requests)
