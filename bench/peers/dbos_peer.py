"""DBOS with its system database in SQLite: one worker process, 16 workflows at once."""

import os
import subprocess
import sys
import time

from dbos import DBOS, DBOSClient, DBOSConfig

from bench.peers import harness

AT_ONCE = 16
POLLING_SECONDS = 0.05
"""Twenty times as often as it does by itself."""
MAKE = "import bench.peers.dbos_peer as peer; peer.launch(); peer.DBOS.destroy()"


@DBOS.workflow(name="job")
def job(n: int) -> None:
    harness.do_job()


def _database() -> str:
    return f"sqlite:///{harness.folder() / 'dbos.sqlite'}"


def launch() -> None:
    config: DBOSConfig = {
        "name": "bench",
        "system_database_url": _database(),
        "run_admin_server": False,
        "log_level": "ERROR",
    }
    DBOS(config=config)
    DBOS.launch()
    DBOS.register_queue("bench", worker_concurrency=AT_ONCE, polling_interval_sec=POLLING_SECONDS)


def main() -> None:
    if "--work" in sys.argv:
        launch()
        while True:
            time.sleep(1)
    options = harness.options()
    # Its tables are made by whoever launches it first.
    subprocess.run([sys.executable, "-c", MAKE], env=os.environ, check=True)
    client = DBOSClient(system_database_url=_database())
    command = [sys.executable, "-m", "bench.peers.dbos_peer", "--work"]
    harness.measure(
        options,
        lambda n: client.enqueue({"queue_name": "bench", "workflow_name": "job"}, n),
        lambda: [subprocess.Popen(command, env=os.environ)],
    )


if __name__ == "__main__":
    main()
