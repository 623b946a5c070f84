"""RQ with SimpleWorker, which does not fork for each job: 4 processes, 16 for jobs that wait."""

import os
import subprocess
import sys

from redis import Redis
from rq import Queue, SimpleWorker

from bench.peers import harness

WORKERS, WORKERS_FOR_IO = 4, 16


def job(n: int) -> None:
    harness.do_job()


def work() -> None:
    connection = Redis(port=harness.redis_port())
    SimpleWorker([Queue("bench", connection=connection)], connection=connection).work(
        logging_level="ERROR"
    )


def main() -> None:
    if "--work" in sys.argv:
        work()
        return
    options = harness.options()
    queue = Queue("bench", connection=Redis(port=harness.redis_port()))
    count = WORKERS_FOR_IO if options.io else WORKERS
    command = [sys.executable, "-m", "bench.peers.rq_peer", "--work"]
    harness.measure(
        options,
        lambda n: queue.enqueue("bench.peers.rq_peer.job", n),
        lambda: [subprocess.Popen(command, env=os.environ) for _ in range(count)],
    )


if __name__ == "__main__":
    main()
