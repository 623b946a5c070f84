"""Processor time by thread, which says where time goes also while others load the machine."""

import re
import threading
import time
from collections import defaultdict


class ThreadTimes:
    """What each kind of thread of this process has used of the processor since this was made."""

    def __init__(self) -> None:
        self._before = _by_thread()
        self._process = time.process_time()

    def seconds(self) -> dict[str, float]:
        """By kind of thread, most first; `others` have ended meanwhile or are not Python's."""
        used: defaultdict[str, float] = defaultdict(float)
        for (name, ident), now in _by_thread().items():
            used[_kind(name)] += now - self._before.get((name, ident), 0.0)
        used["others"] = max(0.0, time.process_time() - self._process - sum(used.values()))
        return dict(sorted(used.items(), key=lambda one: -one[1]))


def _by_thread() -> dict[tuple[str, int], float]:
    return {
        (thread.name, thread.ident): time.clock_gettime(time.pthread_getcpuclockid(thread.ident))
        for thread in threading.enumerate()
        if thread.ident is not None
    }


def _kind(name: str) -> str:
    """The threads of a pool together: their names end in a number."""
    return re.sub(r"[-_ ]?\d+( \(.*\))?$", "", name)
