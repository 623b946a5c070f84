"""Plain SqliteHuey: fsync on, a consumer of 16 threads in this process, all else as it comes."""

from huey import SqliteHuey
from huey.consumer import Consumer

from bench.peers import harness

WORKERS = 16


class QuietConsumer(Consumer):
    def _set_signal_handlers(self) -> None:
        """The bench ends the process."""


def main() -> None:
    options = harness.options()
    huey = SqliteHuey("bench", filename=str(harness.folder() / "huey.db"), fsync=True)

    @huey.task()
    def job(n: int) -> None:
        harness.do_job()

    def start() -> list:
        QuietConsumer(huey, workers=WORKERS, worker_type="thread").start()
        return []

    harness.measure(options, job, start)


if __name__ == "__main__":
    main()
