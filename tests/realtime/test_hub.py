"""Who listens, and who no longer does (docs/spec.md#realtime)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from buildos_box.db import Database
from buildos_box.errors import Malformed, RateLimited, Unavailable
from buildos_box.operator_alert import OperatorAlert
from buildos_box.realtime import store
from buildos_box.realtime.event_stream import last_id
from buildos_box.realtime.hub import Hub, Limits
from buildos_box.realtime.stream_queue import End
from tests.clock import ManualClock
from tests.realtime.streams import Live


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    clock = ManualClock()
    db = await Database.open(tmp_path / "box.sqlite3", clock)
    yield Hub(db, clock, Limits(per_user=2, per_operator=1))
    await db.close()


async def test_nobody_listens_once_all_have_left(hub: Hub) -> None:
    for _ in range(2):
        assert (hub.is_heard, hub.listeners) == (False, 0)
        with hub.listening("ada", "a"), hub.listening("bob", "b"):
            assert (hub.is_heard, hub.listeners) == (True, 2)
        assert (hub.is_heard, hub.listeners) == (False, 0)


async def test_a_hub_that_closes_ends_all_streams_and_takes_no_more(hub: Hub) -> None:
    with hub.listening("ada", "a") as one, hub.listening(None, "b") as other:
        hub.close()
        assert (one.ended, other.ended) == (End.STOPPING, End.STOPPING)
        assert (hub.is_heard, hub.listeners) == (False, 0)
        with pytest.raises(Unavailable), hub.listening("ada", "a"):
            pass


async def test_a_user_has_so_many_streams_and_an_operators_token_too(hub: Hub) -> None:
    with hub.listening("ada", "a"), hub.listening("ada", "b"), hub.listening(None, "a"):
        with hub.listening("bob", "a"), hub.listening(None, "b"):
            assert hub.listeners == 5
        for user_id in ("ada", None):
            with pytest.raises(RateLimited), hub.listening(user_id, "a"):
                pass
    with hub.listening("ada", "a"):
        assert hub.listeners == 1


@pytest.mark.parametrize(
    ("header", "query", "after"),
    [
        (None, None, None),
        ("", "", None),
        ("7", None, 7),
        (None, "8", 8),
        ("7", "8", 7),
        ("9" * 18, None, 10**18 - 1),
    ],
)
def test_a_stream_goes_on_after_the_id_of_the_header_or_else_of_the_query(
    header: str | None, query: str | None, after: int | None
) -> None:
    assert last_id(header, query) == after


@pytest.mark.parametrize("text", ["9" * 19, "-1", "1.0", "x", "٧", " 7"])
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        last_id(text, None)


async def test_an_alert_is_told_to_operators_alone(live: Live) -> None:
    async with live.stream("/events") as operator, live.stream("/users/ada/events") as ada:
        alert = OperatorAlert("oldest_runnable", "jobs wait")
        await live.world.db.write(lambda tx: tx.announce(alert))
        event = await operator.event()
        assert (event.type, event.body["userId"]) == ("queue.alert", None)
        assert event.data == {"kind": "oldest_runnable", "message": "jobs wait"}
        await live.publish("ada", 1)
        assert (await ada.event()).type == "test"


async def test_after_a_restore_every_client_starts_again(live: Live) -> None:
    await live.publish("ada", 1, 2)
    await live.world.db.write(store.forget_all)
    await live.publish("ada", 3)
    async with live.stream("/users/ada/events", after=2) as reader:
        reset, kept = await reader.events(2)
    assert (reset.type, kept.data["number"]) == ("reset", 3)
    assert kept.id is not None
    assert kept.id > 1_000_000
