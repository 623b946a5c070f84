"""Dramatiq on Redis: one worker process with 16 threads, all else as it comes."""

import os
import subprocess
import sys

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from bench.peers import harness

WORKERS = 16
broker = RedisBroker(host="127.0.0.1", port=int(os.environ.get(harness.REDIS_PORT, "6379")))
dramatiq.set_broker(broker)


@dramatiq.actor(queue_name="bench")
def job(n: int) -> None:
    harness.do_job()


def main() -> None:
    options = harness.options()
    command = [sys.executable, "-m", "dramatiq", "--processes", "1", "--threads", str(WORKERS)]
    command += ["--skip-logging", "bench.peers.dramatiq_peer"]
    add = sys.modules["bench.peers.dramatiq_peer"].job.send
    harness.measure(options, add, lambda: [subprocess.Popen(command, env=os.environ)])


if __name__ == "__main__":
    # The actor must be known under the name by which the worker imports it, with the port set.
    harness.options()
    from bench.peers import dramatiq_peer

    dramatiq_peer.main()
