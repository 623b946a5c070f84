"""SAQ: one worker process with asyncio, 16 jobs at once; jobs that wait do so in threads."""

import asyncio
import os
import subprocess
import sys
import threading
from typing import Any

from saq import Queue, Worker

from bench.peers import harness

AT_ONCE = 16


async def job(_context: dict[str, Any], *, n: int) -> None:
    if float(os.environ[harness.IO]):
        await asyncio.to_thread(harness.do_job)
    else:
        harness.do_job()


def _queue() -> Queue:
    return Queue.from_url(f"redis://127.0.0.1:{harness.redis_port()}")


async def work() -> None:
    await Worker(_queue(), functions=[job], concurrency=AT_ONCE).start()


def main() -> None:
    if "--work" in sys.argv:
        asyncio.run(work())
        return
    options = harness.options()
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    queue = _queue()

    def add(n: int) -> None:
        asyncio.run_coroutine_threadsafe(queue.enqueue("job", n=n), loop).result()

    command = [sys.executable, "-m", "bench.peers.saq_peer", "--work"]
    harness.measure(options, add, lambda: [subprocess.Popen(command, env=os.environ)])


if __name__ == "__main__":
    main()
