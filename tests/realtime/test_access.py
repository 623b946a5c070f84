"""Which token or ticket opens which stream, and for how long (docs/spec.md#realtime-tickets)."""

from datetime import timedelta

import pytest

from buildos_box.realtime.stream_queue import End, StreamQueue
from tests.realtime.streams import Live

ADA = "/users/ada/events"


async def ticket(live: Live, user: str = "ada", *, token: str | None = None) -> str:
    answer = await live.world.post(f"/users/{user}/events/ticket", token=token)
    return str(answer["ticket"])


@pytest.mark.parametrize(
    ("scope", "path", "status"),
    [
        ("user:ada", "/users/bob/events", 404),
        ("user:ada", "/events", 403),
    ],
)
async def test_a_stream_is_opened_only_for_whom_it_is(
    live: Live, scope: str, path: str, status: int
) -> None:
    token = await live.world.token_for(scope)
    assert await live.refused(path, token=token) == status


async def test_a_user_and_the_service_may_listen(live: Live) -> None:
    for scope, path in (("user:ada", ADA), ("service", ADA), ("service", "/events")):
        token = await live.world.token_for(scope)
        async with live.stream(path, token=token) as reader:
            assert reader.blocks


async def test_a_wrong_token_is_refused(live: Live) -> None:
    assert await live.refused(ADA, token="bos_" + "a" * 16 + "_" + "a" * 32) == 401


async def test_a_ticket_opens_its_users_stream(live: Live) -> None:
    own = await live.world.token_for("user:ada")
    async with live.stream(ADA, ticket=await ticket(live, token=own)) as reader:
        await live.publish("ada", 1)
        assert (await reader.event()).data["number"] == 1


async def test_a_ticket_says_until_when_it_is_good(live: Live) -> None:
    answer = await live.world.post("/users/ada/events/ticket")
    assert answer["expiresAt"] == "2024-10-23T08:01:00.000Z"


async def test_so_many_tickets_of_a_token_may_wait(live: Live) -> None:
    own, other = [await live.world.token_for("user:ada") for _ in range(2)]
    for _ in range(100):
        await ticket(live, token=own)
    path = "/users/ada/events/ticket"
    refused = await live.world.call("POST", path, token=own)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "60")
    await ticket(live, token=other)
    live.world.clock.advance(timedelta(minutes=1))
    await ticket(live, token=own)


async def test_a_ticket_is_good_once(live: Live) -> None:
    once = await ticket(live)
    async with live.stream(ADA, ticket=once):
        pass
    assert await live.refused(ADA, ticket=once) == 401


async def test_a_ticket_ends_after_a_minute(live: Live) -> None:
    old = await ticket(live)
    live.world.clock.advance(timedelta(seconds=60))
    assert await live.refused(ADA, ticket=old) == 401


async def test_a_ticket_opens_nobody_elses_stream(live: Live) -> None:
    bobs = await ticket(live, "bob")
    assert await live.refused(ADA, ticket=bobs) == 401
    async with live.stream("/users/bob/events", ticket=bobs):
        pass


async def test_a_ticket_opens_nothing_but_a_users_stream(live: Live) -> None:
    adas = await ticket(live)
    for path in ("/events", "/users/ada/jobs", "/jobs"):
        assert await live.refused(path, ticket=adas) == 401


@pytest.mark.parametrize("given", ["", "nonsense", "a" * 32])
async def test_a_made_up_ticket_is_refused(live: Live, given: str) -> None:
    assert await live.refused(ADA, ticket=given) == 401


async def test_a_user_gets_no_ticket_for_another(live: Live) -> None:
    own = await live.world.token_for("user:ada")
    answer = await live.world.call("POST", "/users/bob/events/ticket", token=own)
    assert answer.status_code == 404


async def test_no_ticket_stands_in_the_database(live: Live) -> None:
    text = await ticket(live)
    for file in live.world.folder.glob("box.sqlite3*"):
        assert text.encode() not in file.read_bytes()


async def test_a_ticket_is_never_logged(live: Live, capfd: pytest.CaptureFixture[str]) -> None:
    text = await ticket(live)
    async with live.stream(ADA, ticket=text):
        pass
    await live.refused(ADA, ticket=text)
    out, err = capfd.readouterr()
    assert text not in out + err


async def test_a_revoked_token_ends_its_streams_and_no_others(live: Live) -> None:
    issued = await live.world.post("/tokens", {"name": "t", "scope": "user:ada"})
    async with (
        live.stream(ADA, token=issued["token"]) as by_token,
        live.stream(ADA, ticket=await ticket(live, token=issued["token"])) as by_ticket,
        live.stream(ADA) as another,
    ):
        await live.world.call("DELETE", f"/tokens/{issued['id']}")
        for reader in (by_token, by_ticket):
            assert "token" in (await reader.rest())[-1].comment
        await live.publish("ada", 1)
        assert (await another.event()).data["number"] == 1
    assert await live.refused(ADA, token=issued["token"]) == 401


async def test_a_ticket_dies_with_its_token(live: Live) -> None:
    issued = await live.world.post("/tokens", {"name": "t", "scope": "user:ada"})
    text = await ticket(live, token=issued["token"])
    await live.world.call("DELETE", f"/tokens/{issued['id']}")
    assert await live.refused(ADA, ticket=text) == 401


async def test_a_stream_ends_when_its_token_does(live: Live) -> None:
    body = {"name": "t", "scope": "user:ada", "expiresAt": "2024-10-23T09:00:00Z"}
    issued = await live.world.post("/tokens", body)
    async with live.stream(ADA, token=issued["token"]) as reader:
        live.world.clock.advance(timedelta(hours=1))
        assert "token" in (await reader.rest())[-1].comment


async def test_with_a_user_go_their_streams(live: Live) -> None:
    await live.world.person("ada")
    own = await live.world.token_for("user:ada")
    async with live.stream(ADA, token=own) as reader:
        await live.world.sync(delete={"users": ["ada"]})
        assert "token" in (await reader.rest())[-1].comment


@pytest.mark.parametrize(
    ("ends", "sent"),
    [
        ([End.STOPPING], b"secret"),
        ([End.SLOW], b"secret"),
        ([End.TOKEN], None),
        ([End.SLOW, End.TOKEN], None),
        ([End.TOKEN, End.STOPPING], None),
    ],
)
async def test_what_waits_is_still_sent_but_not_to_a_token_that_was_revoked(
    ends: list[End], sent: bytes | None
) -> None:
    stream = StreamQueue("ada", "token-1", max_bytes=1000)
    assert stream.put(1, b"secret")
    for why in ends:
        stream.end(why)
    assert await stream.take(0) == sent
    assert not stream.put(2, b"later")
    assert await stream.take(0) is None
