"""SAQ: one worker process with asyncio, 16 jobs at once; jobs that wait do so in threads."""

import asyncio
import os
import subprocess
import sys
from typing import Any

from saq import Queue, Worker

from bench.peers import harness

AT_ONCE = 16


async def job(_context: dict[str, Any], *, n: int) -> None:
    await harness.do_job_beside()


def _queue() -> Queue:
    return Queue.from_url(f"redis://127.0.0.1:{harness.redis_port()}")


async def work() -> None:
    await Worker(_queue(), functions=[job], concurrency=AT_ONCE).start()


def main() -> None:
    if "--work" in sys.argv:
        asyncio.run(work())
        return
    options = harness.options()
    run, queue = harness.loop_in_a_thread(), _queue()
    command = [sys.executable, "-m", "bench.peers.saq_peer", "--work"]
    harness.measure(
        options,
        lambda n: run(queue.enqueue("job", n=n)),
        lambda: [subprocess.Popen(command, env=os.environ)],
    )


if __name__ == "__main__":
    main()
