"""A mail server on loopback that takes everything, in a process of its own.

`python -m bench.mail_server` prints its port, and ends with its standard input.
"""

import asyncio
import sys

GREETING = b"220 bench ESMTP\r\n"
ANSWERS = {
    b"EHLO": b"250-bench\r\n250-8BITMIME\r\n250 SIZE 33554432\r\n",
    b"HELO": b"250 bench\r\n",
    b"MAIL": b"250 2.1.0 ok\r\n",
    b"RCPT": b"250 2.1.5 ok\r\n",
    b"RSET": b"250 2.0.0 ok\r\n",
    b"NOOP": b"250 2.0.0 ok\r\n",
}


class Taken:
    """How many mails have been taken, over how many connections."""

    mails = 0
    connections = 0


async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection. `XCOUNT` tells what has been taken since it was last asked."""
    writer.write(GREETING)
    counted = False
    while line := await reader.readline():
        word = line[:4].upper()
        if word == b"XCOU":
            writer.write(f"250 {Taken.mails} {Taken.connections}\r\n".encode())
            Taken.mails = Taken.connections = 0
        elif word == b"DATA":
            writer.write(b"354 go on\r\n")
            await reader.readuntil(b"\r\n.\r\n")
            Taken.mails += 1
            Taken.connections += not counted
            counted = True
            writer.write(b"250 2.0.0 kept\r\n")
        elif word == b"QUIT":
            writer.write(b"221 bye\r\n")
            break
        else:
            writer.write(ANSWERS.get(word, b"500 what?\r\n"))
    writer.close()


async def main() -> None:
    """Serve until standard input ends."""
    server = await asyncio.start_server(talk, "127.0.0.1", 0, limit=2**25)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
