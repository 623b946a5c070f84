"""A listener that comes back misses nothing of its own (docs/spec.md#realtime-resume)."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from buildos_box.realtime import store
from tests.clock import ManualClock
from tests.realtime.streams import FAST, Event, Live, eventually, with_people


def numbers(events: list[Event]) -> list[int]:
    return [event.data["number"] for event in events]


async def test_an_event_arrives_with_its_id_type_and_envelope(live: Live) -> None:
    async with live.stream("/users/ada/events") as reader:
        await live.publish("ada", 7)
        event = await reader.event()
    assert (event.id, event.type, event.data["number"]) == (1, "test", 7)
    assert event.body["userId"] == "ada"
    assert event.body["at"] == "2024-10-23T08:00:00.000Z"


async def test_the_answer_is_an_event_stream_that_nobody_keeps(live: Live) -> None:
    async with live.stream("/events") as reader:
        headers = reader.answer.headers
        assert headers["content-type"].startswith("text/event-stream")
        assert headers["cache-control"] == "no-store"
        assert headers["x-correlation-id"]


async def test_the_opening_says_how_soon_to_come_back_and_from_where(live: Live) -> None:
    await live.publish("ada", 1, 2)
    async with live.stream("/users/ada/events") as reader:
        assert (reader.blocks[0].retry, reader.blocks[0].id) == (3000, 2)


async def test_ids_rise_and_none_is_missed_under_many_writers(live: Live) -> None:
    async with live.stream("/events") as reader:
        await asyncio.gather(*(live.publish(f"user-{n}", *range(20)) for n in range(10)))
        events = await reader.events(200)
    assert [event.id for event in events] == list(range(1, 201))


async def test_a_user_hears_of_nobody_else(live: Live) -> None:
    async with live.stream("/users/ada/events") as reader:
        await live.publish("bob", 1)
        await live.publish(None, 2)
        await live.publish("ada", 3)
        assert numbers([await reader.event()]) == [3]
    async with live.stream("/users/ada/events", after=0) as reader:
        assert numbers([await reader.event()]) == [3]


async def test_what_was_missed_comes_first_then_what_happens(live: Live) -> None:
    await live.publish("ada", *range(450))
    async with live.stream("/users/ada/events", after=10) as reader:
        await live.publish("ada", 450)
        events = await reader.events(441)
    assert numbers(events) == list(range(10, 451))


async def test_the_id_may_come_as_a_query_parameter(live: Live) -> None:
    await live.publish("ada", 1, 2, 3)
    async with live.stream("/users/ada/events", lastEventId=1) as reader:
        assert numbers(await reader.events(2)) == [2, 3]


async def test_joining_while_events_are_written_neither_misses_nor_repeats(live: Live) -> None:
    writing = asyncio.create_task(live.publish("ada", *range(300)))
    seen: list[int] = []
    after = 0
    while len(seen) < 300:
        async with live.stream("/users/ada/events", after=after) as reader:
            for event in await reader.events(min(30, 300 - len(seen))):
                seen.append(event.data["number"])
            after = reader.last_id
        # What was sent in the same breath but not read comes again, from the id it left off at.
    await writing
    assert seen == list(range(300))


async def test_a_listener_misses_nothing_over_a_restart(tmp_path: Path) -> None:
    clock = ManualClock()
    async with with_people(tmp_path / "data", clock=clock) as live:
        async with live.stream("/users/ada/events") as reader:
            await live.publish("ada", 1, 2)
            await reader.events(2)
            after = reader.last_id
        await live.publish("ada", 3)
    async with with_people(tmp_path / "data", clock=clock) as live:
        await live.publish("ada", 4)
        async with live.stream("/users/ada/events", after=after) as reader:
            await live.publish("ada", 5)
            assert numbers(await reader.events(3)) == [3, 4, 5]


async def test_a_stream_left_before_any_event_can_be_resumed(live: Live) -> None:
    await live.publish("ada", 1)
    async with live.stream("/users/ada/events") as reader:
        after = reader.last_id
    await live.publish("ada", 2)
    async with live.stream("/users/ada/events", after=after) as reader:
        assert numbers([await reader.event()]) == [2]


async def test_who_was_away_for_too_long_is_told_so(live: Live) -> None:
    await live.publish("ada", 1, 2)
    live.world.clock.advance(timedelta(hours=23))
    await live.publish("ada", 3)
    live.world.clock.advance(timedelta(hours=2))
    await live.world.post("/schedule/realtime_cleanup/run")
    async with live.stream("/users/ada/events", after=1) as reader:
        reset, kept = await reader.events(2)
    assert (reset.type, reset.id, numbers([kept])) == ("reset", 2, [3])
    async with live.stream("/users/ada/events", after=2) as reader:
        assert (await reader.event()).type == "test"


async def test_an_id_from_another_box_is_told_so(live: Live) -> None:
    await live.publish("ada", 1)
    async with live.stream("/users/ada/events", after=99) as reader:
        assert ((await reader.event()).type, reader.last_id) == ("reset", 1)


async def test_cleanup_deletes_only_what_is_older_than_a_day(live: Live) -> None:
    await live.publish("ada", *range(3))
    live.world.clock.advance(timedelta(hours=24, seconds=1))
    await live.publish("ada", 3)
    answer = await live.world.post("/schedule/realtime_cleanup/run")
    assert "3" in str(answer)
    assert [
        row["id"] for row in await store.events_after(live.world.db, user_id=None, after=0)
    ] == [4]


@pytest.mark.parametrize("given", ["x", "-1", "1.5", "9" * 30])
async def test_an_impossible_id_is_refused(live: Live, given: str) -> None:
    assert await live.refused("/events", lastEventId=given) == 400


async def test_an_event_of_a_transaction_that_failed_is_never_told(live: Live) -> None:
    def fails(tx: object) -> None:
        store.publish(
            tx,  # type: ignore[arg-type]
            user_id="ada",
            type="test",
            data={"number": 1},
            correlation_id=None,
            now=live.world.clock.now(),
        )
        raise RuntimeError("no")

    async with live.stream("/users/ada/events") as reader:
        with pytest.raises(RuntimeError):
            await live.world.db.write(fails)
        await live.publish("ada", 2)
        assert numbers([await reader.event()]) == [2]


async def test_a_comment_keeps_an_idle_stream_alive(tmp_path: Path) -> None:
    async with (
        with_people(tmp_path / "data", limits=replace(FAST, heartbeat_seconds=0.01)) as live,
        live.stream("/events") as reader,
    ):
        beats = [await reader.block(), await reader.block()]
    assert [(beat.comment, beat.type, beat.id) for beat in beats if beat] == [
        ("heartbeat", None, None)
    ] * 2


async def test_a_slow_client_is_dropped_and_comes_back_for_the_rest(tmp_path: Path) -> None:
    async with with_people(tmp_path / "data", limits=replace(FAST, max_bytes=200_000)) as live:
        hub = live.world.box.hub
        async with live.stream("/users/ada/events") as slow:
            sent = 0
            while hub.listeners:
                await live.publish("ada", sent, size=100_000)
                sent += 1
            blocks = await slow.rest()
            after = slow.last_id
        got = numbers([block for block in blocks if block.type])
        assert got == list(range(len(got)))
        assert len(got) < sent
        assert (blocks[-1].retry, "slow" in blocks[-1].comment) == (3000, True)
        async with live.stream("/users/ada/events", after=after) as reader:
            assert numbers(await reader.events(sent - len(got))) == list(range(len(got), sent))


async def test_a_client_that_reads_nothing_does_not_hold_its_stream(tmp_path: Path) -> None:
    limits = replace(FAST, max_bytes=200_000, stall_seconds=0.05)
    async with (
        with_people(tmp_path / "data", limits=limits) as live,
        live.stream("/users/ada/events"),
    ):
        while live.world.box.hub.listeners:
            await live.publish("ada", 0, size=100_000)
        await eventually(lambda: not live.server.server_state.tasks)


async def test_other_listeners_do_not_wait_for_a_slow_one(tmp_path: Path) -> None:
    async with (
        with_people(tmp_path / "data", limits=replace(FAST, max_bytes=200_000)) as live,
        live.stream("/users/ada/events"),
        live.stream("/events") as reader,
    ):
        for number in range(80):
            await live.publish("ada", number, size=100_000)
            assert numbers([await reader.event()]) == [number]


async def test_a_client_that_goes_is_forgotten(live: Live) -> None:
    async with live.stream("/users/ada/events"), live.stream("/events"):
        assert live.world.box.hub.listeners == 2
    await eventually(lambda: live.world.box.hub.listeners == 0)


async def test_one_user_cannot_open_streams_without_end(tmp_path: Path) -> None:
    async with (
        with_people(tmp_path / "data", limits=replace(FAST, per_user=1)) as live,
        live.stream("/users/ada/events"),
    ):
        assert await live.refused("/users/ada/events") == 429
        async with live.stream("/users/bob/events"):
            pass


async def test_a_box_that_stops_ends_its_streams_with_a_hint(tmp_path: Path) -> None:
    async with with_people(tmp_path / "data") as live, live.stream("/users/ada/events") as reader:
        await live.publish("ada", 1)
        live.world.box.hub.close()
        assert await live.refused("/users/ada/events") == 503
        blocks = await reader.rest()
        assert [block.type for block in blocks] == ["test", None]
        assert blocks[-1].retry == 3000


async def test_open_streams_do_not_hold_up_a_stop(tmp_path: Path) -> None:
    """The server alone would wait for them for a minute, longer than the test's patience."""
    async with (
        with_people(tmp_path / "data") as live,
        live.stream("/users/ada/events") as one,
        live.stream("/events") as other,
    ):
        await live.stop()
        assert (await one.rest())[-1].retry == (await other.rest())[-1].retry == 3000
