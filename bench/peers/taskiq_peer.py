"""taskiq on Redis streams, the broker that acknowledges: one worker process, 16 jobs at once."""

import asyncio
import os
import subprocess
import sys

from taskiq import AsyncBroker
from taskiq.api import run_receiver_task
from taskiq_redis import RedisStreamBroker

from bench.peers import harness

AT_ONCE = 16


async def job(n: int) -> None:
    await harness.do_job_beside()


def _broker() -> AsyncBroker:
    broker = RedisStreamBroker(f"redis://127.0.0.1:{harness.redis_port()}")
    broker.register_task(job, task_name="job")
    return broker


async def work() -> None:
    broker = _broker()
    broker.is_worker_process = True
    await run_receiver_task(broker, max_async_tasks=AT_ONCE, run_startup=True)


def main() -> None:
    if "--work" in sys.argv:
        asyncio.run(work())
        return
    options = harness.options()
    run = harness.loop_in_a_thread()
    broker = _broker()
    run(broker.startup())
    task = broker.find_task("job")
    assert task is not None
    command = [sys.executable, "-m", "bench.peers.taskiq_peer", "--work"]
    harness.measure(
        options, lambda n: run(task.kiq(n)), lambda: [subprocess.Popen(command, env=os.environ)]
    )


if __name__ == "__main__":
    main()
