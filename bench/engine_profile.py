"""Where the engine of a box spends its time: both of its threads, and its statements."""

import cProfile
import pstats
import re
from collections import Counter
from collections.abc import Callable

from buildos_box.app import Box
from buildos_box.db import Tx


class EngineProfile:
    """Where the two threads that do the work spend their time, and each statement of the writer."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._by_thread = {"jobs loop": cProfile.Profile(), "writer": cProfile.Profile()}
        self._statements: Counter[str] = Counter()
        self._commits = box.services.db.commits
        box.engine._loop.call_soon_threadsafe(self._by_thread["jobs loop"].enable)
        self._on_writer(self._begin)

    def show(self, briefs: int) -> None:
        """Stop, and print it."""
        self._box.engine._loop.call_soon_threadsafe(self._by_thread["jobs loop"].disable)
        self._on_writer(self._end)
        for name, profile in self._by_thread.items():
            print(f"\n{name}:")
            pstats.Stats(profile).sort_stats("tottime").print_stats(14)
        commits = self._box.services.db.commits - self._commits
        print(
            f"{sum(self._statements.values()) / briefs:.0f} statements of the writer "
            f"and {commits / briefs:.2f} commits per brief; the most frequent:"
        )
        for statement, count in self._statements.most_common(20):
            print(f"{count / briefs:8.2f}  {statement}")

    def _on_writer(self, change: Callable[[Tx], None]) -> None:
        self._box.services.db.submit(change).result()

    def _begin(self, tx: Tx) -> None:
        tx._connection.set_trace_callback(self._count)
        self._by_thread["writer"].enable()

    def _end(self, tx: Tx) -> None:
        self._by_thread["writer"].disable()
        tx._connection.set_trace_callback(None)

    def _count(self, statement: str) -> None:
        without_values = re.sub(r"'[^']*'|\b\d[\d.]*\b", "?", " ".join(statement.split()))
        self._statements[without_values[:100]] += 1
