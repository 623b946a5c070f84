"""Prometheus' text format, version 0.0.4."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from typing import Literal

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "buildos_box_"
Labels = Mapping[str, str]


class Histogram:
    """Observations by upper bounds, with their sum."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        """Count one observation."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


class Exposition:
    """Puts families of samples together."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def family(
        self,
        name: str,
        kind: Literal["gauge", "counter"],
        what: str,
        samples: Iterable[tuple[Labels, float]],
    ) -> None:
        """One family; without samples it is left out."""
        lines = [_line(name, labels, value) for labels, value in samples]
        if lines:
            self._head(name, kind, what)
            self._lines += lines

    def histograms(self, name: str, what: str, samples: Iterable[tuple[Labels, Histogram]]) -> None:
        """One family of histograms."""
        found = list(samples)
        if found:
            self._head(name, "histogram", what)
        for labels, histogram in found:
            running = 0
            for bound, count in zip((*histogram.bounds, "+Inf"), histogram.counts, strict=True):
                running += count
                self._lines.append(_line(f"{name}_bucket", {**labels, "le": str(bound)}, running))
            self._lines.append(_line(f"{name}_sum", labels, histogram.total))
            self._lines.append(_line(f"{name}_count", labels, running))

    def _head(self, name: str, kind: str, what: str) -> None:
        self._lines += [f"# HELP {PREFIX}{name} {what}", f"# TYPE {PREFIX}{name} {kind}"]

    def text(self) -> str:
        """The whole page."""
        return "\n".join([*self._lines, ""])


def _line(name: str, labels: Labels, value: float) -> str:
    pairs = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
    shown = f"{value:.6f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    return f"{PREFIX}{name}{{{pairs}}} {shown}" if pairs else f"{PREFIX}{name} {shown}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
