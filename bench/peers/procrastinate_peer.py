"""Procrastinate on PostgreSQL: one worker process, 16 jobs at once, woken by LISTEN."""

import asyncio
import os
import subprocess
import sys

from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from procrastinate.connector import BaseConnector

from bench.peers import harness

AT_ONCE = 16


def _app(connector: BaseConnector) -> App:
    app = App(connector=connector)
    app.task(name="job")(job)
    return app


async def job(n: int) -> None:
    await harness.do_job_beside()


async def work() -> None:
    app = _app(PsycopgConnector(conninfo=os.environ[harness.POSTGRES]))
    async with app.open_async():
        await app.run_worker_async(concurrency=AT_ONCE)


def main() -> None:
    if "--work" in sys.argv:
        asyncio.run(work())
        return
    options = harness.options()
    app = _app(SyncPsycopgConnector(conninfo=os.environ[harness.POSTGRES], max_size=AT_ONCE))
    with app.open():
        app.schema_manager.apply_schema()
        defer = app.configure_task("job").defer
        command = [sys.executable, "-m", "bench.peers.procrastinate_peer", "--work"]
        harness.measure(
            options, lambda n: defer(n=n), lambda: [subprocess.Popen(command, env=os.environ)]
        )


if __name__ == "__main__":
    main()
