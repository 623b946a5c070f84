"""Small measures that every contender uses; standard library only, so that peers can too."""

import json
import os
import re
import statistics
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the values lie, nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered)) - 1))]


def latency_ms(seconds: Sequence[float]) -> dict[str, float]:
    """p50 and p99 in milliseconds, and of how many samples."""
    return {
        "p50_ms": statistics.median(seconds) * 1000,
        "p99_ms": percentile(seconds, 0.99) * 1000,
        "samples": len(seconds),
    }


def rss_mb(pids: Iterable[int] = ()) -> float:
    """Resident memory now, MiB, of these processes together; of this one if none is named."""
    pages = sum(_resident_pages(pid) for pid in (list(pids) or [os.getpid()]))
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _resident_pages(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0


def highest_mb(pid: int | None = None) -> float:
    """The most resident memory, MiB, since the process began or since `forget_highest`."""
    lines = Path(f"/proc/{pid or 'self'}/status").read_text("utf-8", "replace").splitlines()
    found = next(line for line in lines if line.startswith("VmHWM:"))
    return int(found.split()[1]) / 1024


def forget_highest(pid: int | None = None) -> float:
    """Let the kernel's mark of the most resident memory begin anew; returns what is there, MiB."""
    Path(f"/proc/{pid or 'self'}/clear_refs").write_text("5", "ascii")
    return highest_mb(pid)


def pss_mb(pids: Iterable[int]) -> float:
    """Memory now, MiB, of these processes together; pages shared with others by their share."""
    lines = (Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in pids)
    return sum(int(re.findall(r"^Pss: +(\d+) kB", text, re.M)[0]) for text in lines) / 1024


def keep_bytecode(folder: Path) -> None:
    """Let the processes started from here keep their compiled code, as an installation does."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(folder)


def cpu_seconds(pid: int) -> float:
    """What the process has used of processors so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def with_children(pid: int) -> list[int]:
    """The process and all that it started, by Linux's own list."""
    found = [pid]
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            found += with_children(int(child))
    return found


def tell(figures: dict[str, object]) -> None:
    """Hand the figures to the bench: the last line of standard output, as JSON."""
    sys.stdout.write("\n" + json.dumps(figures) + "\n")
    sys.stdout.flush()
