"""What a connection does with the head of an answer that it holds back for the body."""

import asyncio

from tests.server.wire import connected


async def test_a_head_is_sent_with_the_first_part_of_its_body() -> None:
    protocol, wire = connected()
    protocol.write(b"HTTP/1.1 200 OK\r\n\r\n")
    protocol.write(b"body")
    await asyncio.sleep(0)
    assert wire.written == [b"HTTP/1.1 200 OK\r\n\r\nbody"]


async def test_a_head_without_a_body_is_sent_by_itself() -> None:
    protocol, wire = connected()
    protocol.write(b"HTTP/1.1 204 No Content\r\n\r\n")
    await asyncio.sleep(0)
    assert wire.written == [b"HTTP/1.1 204 No Content\r\n\r\n"]


async def test_nothing_is_written_to_a_connection_that_is_lost() -> None:
    protocol, wire = connected()
    protocol.write(b"HTTP/1.1 200 OK\r\n\r\n")
    protocol.connection_lost(None)
    await asyncio.sleep(0)
    assert wire.written == []
