"""Which requests a connection takes, what it answers to others, and how long it waits."""

import asyncio
import json
import math
from typing import Any

import pytest

from buildos_box.server.connections import (
    REFUSED_AT_ONCE,
    ConnectionLimits,
    ConnectionRegistry,
)
from buildos_box.server.protocol import (
    DISCARDED_BYTES,
    LONGEST_HEAD,
    LONGEST_PIPELINE,
    LimitedProtocol,
)
from tests.server.wire import Wire, connected, turns

HOST = b"Host: box.test\r\n"
GET = b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"
POST = b"POST / HTTP/1.1\r\n" + HOST


async def _echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the path, the names of the headers and the body."""
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body += message.get("body", b"")
        more = message.get("more_body", False)
    names = ",".join(sorted(name.decode() for name, _ in scope["headers"]))
    said = f"{scope['path']} {names} ".encode() + body
    length = (b"content-length", str(len(said)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": said})


async def _hold(scope: Any, receive: Any, send: Any) -> None:
    """Never answers."""
    await asyncio.Event().wait()


async def _refuse_unread(scope: Any, receive: Any, send: Any) -> None:
    """Answers before the body is there."""
    await send({"type": "http.response.start", "status": 413, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def sent(*parts: bytes, app: Any = _echo) -> tuple[LimitedProtocol, Wire]:
    protocol, wire = connected(app)
    for part in parts:
        protocol.data_received(part)
        await turns()
    return protocol, wire


def refusal(wire: Wire) -> tuple[int, dict[str, Any]]:
    """Status and body of the one answer."""
    head, _, body = wire.text.partition("\r\n\r\n")
    assert "connection: close" in head
    assert f"content-length: {len(body)}" in head
    assert "x-content-type-options: nosniff" in head
    return int(head.split()[1]), json.loads(body)


async def test_a_request_is_answered_whole_or_in_pieces() -> None:
    for parts in ([GET], [GET[:5], GET[5:30], GET[30:]]):
        _, wire = await sent(*parts)
        assert wire.text.startswith("HTTP/1.1 200 OK\r\n")
        assert wire.text.endswith("/ host ")
        assert wire.done == []


@pytest.mark.parametrize(
    ("request_head", "status", "code"),
    [
        (b"nonsense\r\n\r\n", 400, "malformed"),
        (b"GET / HTTP/1.1\r\n\r\n", 400, "malformed"),
        (b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n", 400, "malformed"),
        (b"GET / HTTP/1.0\r\n" + HOST + HOST + b"\r\n", 400, "malformed"),
        (POST + b"Transfer-Encoding: gzip\r\n\r\n", 501, "not_implemented"),
        (
            b"POST / HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
            "malformed",
        ),
        (b"GET /" + b"a" * LONGEST_HEAD + b" HTTP/1.1\r\n", 431, "too_large"),
        (GET[:-2] + b"X: " + b"a" * LONGEST_HEAD + b"\r\n\r\n", 431, "too_large"),
    ],
)
async def test_a_request_that_is_none_is_refused_and_the_connection_ends(
    request_head: bytes, status: int, code: str
) -> None:
    protocol, wire = await sent(request_head)
    found, body = refusal(wire)
    assert (found, body["code"]) == (status, code)
    assert (body["details"], body["correlationId"]) == ([], "corr-1")
    assert wire.done == ["ended"]
    assert protocol.is_closing()


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
async def test_which_heads_are_taken(version: bytes) -> None:
    head = b"GET / HTTP/" + version + b"\r\n"
    _, wire = await sent(head + HOST + b"\r\n")
    assert " 200 OK" in wire.text
    if version == b"1.0":
        _, wire = await sent(head + b"\r\n")
        assert " 200 OK" in wire.text


async def test_a_head_may_be_as_long_as_the_limit_and_no_longer() -> None:
    fixed = len("/") + len("hostbox.test") + 4 + len("x") + 4
    for over, status in ((0, 200), (1, 431)):
        value = b"a" * (LONGEST_HEAD - fixed + over)
        _, wire = await sent(GET[:-2] + b"X: " + value + b"\r\n\r\n")
        assert f"HTTP/1.1 {status} " in wire.text


async def test_a_head_without_end_is_refused_while_it_comes() -> None:
    piece = b"a" * 1000
    _, wire = await sent(GET[:-2] + b"X: ", *[piece] * (LONGEST_HEAD // 1000))
    assert wire.text == ""
    _, wire = await sent(GET[:-2] + b"X: ", *[piece] * (LONGEST_HEAD // 1000 + 2))
    assert refusal(wire)[0] == 431


async def test_a_second_request_may_have_a_long_head_too() -> None:
    long = GET[:-2] + b"X: " + b"a" * (LONGEST_HEAD - 1000) + b"\r\n\r\n"
    _, wire = await sent(long, long)
    assert wire.text.count(" 200 OK") == 2


async def test_a_body_in_pieces_and_chunks_is_read_and_its_trailers_are_dropped() -> None:
    _, wire = await sent(POST + b"Content-Length: 6\r\n\r\nabc", b"def")
    assert wire.text.endswith("/ content-length,host abcdef")
    chunked = POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Late: 1\r\n\r\n"
    _, wire = await sent(chunked)
    assert wire.text.endswith("/ host,transfer-encoding abc")
    assert "x-late" not in wire.text


async def test_requests_that_come_before_their_answers_wait_up_to_a_limit() -> None:
    _, wire = await sent(GET * (LONGEST_PIPELINE + 1))
    assert wire.text.count(" 200 OK") == LONGEST_PIPELINE + 1
    protocol, wire = await sent(GET * (LONGEST_PIPELINE + 2), app=_hold)
    assert wire.text == ""
    assert protocol.is_closing()


async def test_an_upgrade_is_answered_as_a_plain_request() -> None:
    upgrade = GET[:-2] + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    _, wire = await sent(upgrade)
    assert " 200 OK" in wire.text
    assert "closed" in wire.done


async def test_what_is_late_is_told_so_only_if_it_has_begun() -> None:
    protocol, wire = connected()
    protocol.on_deadline()
    assert (wire.text, wire.done) == ("", ["aborted"])
    protocol, wire = await sent(GET[:10])
    protocol.on_deadline()
    assert refusal(wire)[0] == 408
    protocol.on_deadline()
    assert wire.done == ["ended", "aborted"]


async def test_a_late_body_is_answered_if_nothing_else_was() -> None:
    protocol, wire = await sent(POST + b"Content-Length: 6\r\n\r\nabc", app=_hold)
    protocol.on_deadline()
    assert refusal(wire)[0] == 408


async def test_a_wrong_request_behind_one_that_waits_gets_no_answer_of_its_own() -> None:
    protocol, wire = await sent(GET + b"nonsense", app=_hold)
    assert wire.text == ""
    assert wire.done == ["ended"]
    assert protocol.is_closing()


async def test_what_the_server_has_not_read_itself_is_not_late() -> None:
    protocol, wire = await sent(POST + b"Content-Length: 6\r\n\r\n", app=_hold)
    before = protocol.deadline
    protocol.flow.pause_reading()
    protocol.on_deadline()
    assert protocol.deadline == before + 1
    assert wire.text == ""


async def test_each_part_of_a_request_has_its_time() -> None:
    limits = ConnectionLimits(head_seconds=10, body_seconds=20, body_bytes_per_second=4)
    loop = asyncio.get_running_loop()
    before = loop.time()
    protocol, _ = connected(_echo, ConnectionRegistry(limits))
    assert before + 10 <= protocol.deadline <= loop.time() + 10
    before = loop.time()
    protocol.data_received(POST + b"Content-Length: 12\r\n\r\n")
    first = protocol.deadline
    assert before + 20 <= first <= loop.time() + 20
    protocol.data_received(b"abcdefgh")
    assert protocol.deadline == first + 2
    protocol.data_received(b"abcd")
    assert protocol.deadline == math.inf
    await turns()
    before = loop.time()
    protocol.data_received(GET[:5])
    assert before + 10 <= protocol.deadline <= loop.time() + 10


async def test_only_what_has_answered_everything_is_idle() -> None:
    registry = ConnectionRegistry(ConnectionLimits(total=1))
    protocol, wire = connected(_echo, registry)
    assert "503" in connected(_echo, registry)[1].text
    protocol.data_received(GET)
    assert "503" in connected(_echo, registry)[1].text
    await turns()
    protocol.data_received(GET[:3])
    assert "503" in connected(_echo, registry)[1].text
    protocol.data_received(GET[3:])
    await turns()
    assert connected(_echo, registry)[1].text == ""
    assert wire.done == ["closed"]


async def test_past_the_limit_some_are_told_and_the_rest_is_closed() -> None:
    registry = ConnectionRegistry(ConnectionLimits(total=0))
    over = [connected(_echo, registry) for _ in range(REFUSED_AT_ONCE)]
    assert {refusal(wire)[0] for _, wire in over} == {503}
    assert "retry-after: 1" in over[0][1].text
    _, wire = connected(_echo, registry)
    assert (wire.text, wire.done) == ("", ["closed"])
    over[0][0].connection_lost(None)
    assert refusal(connected(_echo, registry)[1])[0] == 503
    assert len(registry) == 0


async def test_an_unwanted_body_is_read_on_for_its_sender_to_see_the_answer() -> None:
    length = str(DISCARDED_BYTES * 2).encode()
    protocol, wire = await sent(
        POST + b"Content-Length: " + length + b"\r\n\r\nabc", app=_refuse_unread
    )
    assert " 413 " in wire.text
    assert "aborted" not in wire.done
    piece = bytes(DISCARDED_BYTES // 2)
    protocol.data_received(piece)
    protocol.data_received(piece[:-10])
    assert "aborted" not in wire.done
    protocol.data_received(piece)
    assert "aborted" in wire.done


async def test_whoever_waits_with_the_body_and_is_answered_without_is_closed() -> None:
    head = POST + b"Content-Length: 3\r\nExpect: 100-continue\r\n\r\n"
    protocol, wire = await sent(head, app=_refuse_unread)
    assert "100 Continue" not in wire.text
    assert wire.done == ["ended"]
    assert protocol.is_closing()


async def test_what_is_not_read_yet_is_counted_with_what_is_held_back() -> None:
    protocol, wire = connected()
    wire.unread = 5
    protocol.write(b"HTTP/1.1 200 OK\r\n\r\n")
    assert protocol.unsent() == 5 + 19
    protocol.close()
    assert wire.written == [b"HTTP/1.1 200 OK\r\n\r\n"]
    assert protocol.unsent() == 5
    assert wire.done == ["closed"]
