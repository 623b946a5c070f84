"""Celery on Redis: one worker with a pool of 16 threads, no results kept, all else as it comes."""

import os
import subprocess
import sys

from celery import Celery

from bench.peers import harness

WORKERS = 16
app = Celery("bench", broker=f"redis://127.0.0.1:{os.environ.get(harness.REDIS_PORT, '6379')}/0")
app.conf.broker_connection_retry_on_startup = True


@app.task(name="bench.job", ignore_result=True)
def job(n: int) -> None:
    harness.do_job()


def main() -> None:
    options = harness.options()
    app.conf.broker_url = f"redis://127.0.0.1:{harness.redis_port()}/0"
    command = [sys.executable, "-m", "celery", "-A", "bench.peers.celery_peer", "worker"]
    command += ["--pool", "threads", "--concurrency", str(WORKERS), "--loglevel", "ERROR"]
    command += ["--without-gossip", "--without-mingle"]
    harness.measure(options, job.delay, lambda: [subprocess.Popen(command, env=os.environ)])


if __name__ == "__main__":
    main()
