"""What the charts show: measures, spans of time, and the curves of an answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from buildos_box.clock import Instant, from_text, to_text
from buildos_box.tui.formatting import plain, span

Json = dict[str, Any]
Unit = Literal["jobs", "ms", "usd"]


@dataclass(frozen=True, slots=True)
class Measure:
    """One chart: fields of each series by name, in a unit.

    `bys` are the ways to tell series apart, the first at the start; `lane` keeps one lane only;
    `words` filter the jobs behind a step.
    """

    title: str
    unit: Unit
    fields: tuple[tuple[str, str], ...]
    bys: tuple[str, ...]
    lane: str = ""
    words: str = ""
    of_models: bool = False

    def shown_fields(self, by: str) -> tuple[tuple[str, str], ...]:
        """Every field of a whole; the last one of many series."""
        return self.fields if by == "all" or self.lane else self.fields[-1:]


MEASURES = (
    Measure("Throughput", "jobs", (("done", "done"),), ("all", "lane", "type", "user")),
    Measure("Failures", "jobs", (("failed", "failed"),), ("type", "lane"), words="status:failed"),
    Measure("Wait", "ms", (("p50", "waitP50Ms"), ("p95", "waitP95Ms")), ("all", "lane", "type")),
    Measure("Run time", "ms", (("p50", "runP50Ms"), ("p95", "runP95Ms")), ("all", "lane", "type")),
    Measure("Mails", "jobs", (("sent", "done"), ("failed", "failed")), ("lane",), lane="email"),
    Measure("SMS", "jobs", (("sent", "done"), ("failed", "failed")), ("lane",), lane="sms"),
    Measure(
        "Model cost", "usd", (("cost", "costUsd"),), ("all", "purpose", "model"),
        words="lane:llm", of_models=True,
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Length:
    """A span of time up to now, and the seconds of its steps."""

    title: str
    back: timedelta
    step: int


LENGTHS = (
    Length("1 h", timedelta(hours=1), 60),
    Length("24 h", timedelta(hours=24), 600),
    Length("7 d", timedelta(days=7), 3600),
    Length("30 d", timedelta(days=30), 4 * 3600),
)
DAY = 86_400


def asked(length: Length, by: str, now: Instant) -> Json:
    """The parameters for a span that includes the present step; users are told by the day."""
    step = DAY if by == "user" else length.step
    back = max(length.back, timedelta(days=7)) if by == "user" else length.back
    end = int(now.timestamp()) // step * step + step
    end_at = now + timedelta(seconds=end - now.timestamp())
    return {"from": to_text(end_at - back), "to": to_text(end_at), "step": step, "by": by}


@dataclass(frozen=True, slots=True)
class Curve:
    """A named line: a value for each step, None where there is none."""

    name: str
    values: Sequence[float | None]

    @property
    def known(self) -> list[float]:
        """The values that there are."""
        return [value for value in self.values if value is not None]

    @property
    def sum(self) -> float:
        """All of them together."""
        return sum(self.known)

    @property
    def highest(self) -> float | None:
        """The highest of them."""
        return max(self.known, default=None)


def curves(measure: Measure, answer: Json) -> list[Curve]:
    """The lines of an answer, those with the most first; without those that are nothing."""
    by = str(answer["by"])
    fields = measure.shown_fields(by)
    found = []
    for series in answer["series"]:
        name = plain(series["name"])
        if measure.lane and name != measure.lane:
            continue
        for label, key in fields:
            title = label if by == "all" or measure.lane else name
            found.append(Curve(title, series[key]))
    if by != "all" and not measure.lane:
        found = sorted((one for one in found if one.sum), key=lambda one: -one.sum)
    return found


def shown(value: float | None, unit: Unit) -> str:
    """A value in its unit."""
    if value is None:
        return "–"
    if unit == "ms":
        return span(value)
    return f"${value:,.2f}" if unit == "usd" else f"{value:,.0f}"


def total_words(measure: Measure, found: Sequence[Curve]) -> str:
    """What the chart adds up to; percentiles do not add up."""
    if measure.unit == "ms":
        return ""
    return "   ".join(
        f"{shown(one.sum, measure.unit)} {one.name}" for one in _wholes(measure, found)
    )


def _wholes(measure: Measure, found: Sequence[Curve]) -> list[Curve]:
    if len(measure.fields) > 1 or not found:
        return list(found)
    everything = [value for one in found for value in one.known]
    name = "" if measure.unit == "usd" else f"{measure.fields[0][0]} "
    return [Curve(f"{name}in all", everything)]


def ticks(top: float, unit: Unit, most: int) -> list[tuple[float, str]]:
    """Round values from 0 up to the top, at most so many, with their words."""
    if top <= 0:
        return [(0.0, shown(0, unit))]
    step = _round_step(top / max(1, most - 1), whole=unit == "jobs")
    count = int(top / step) + (top % step > 0)
    return [(step * n, shown(step * n, unit)) for n in range(count + 1)]


def _round_step(least: float, *, whole: bool) -> float:
    size = 10.0 ** (len(f"{int(least)}") - 1) if least >= 1 else 1.0
    while not whole and size > least:
        size /= 10
    return next(size * n for n in (1, 2, 5, 10, 20, 50, 100) if size * n >= least)


def step_words(answer: Json, number: int, here: Callable[[str], Any]) -> str:
    """When a step was, on the viewer's clock."""
    start, end = step_bounds(answer, number)
    first, last = here(start), here(end)
    if answer["step"] >= DAY:
        return f"{first:%a %d %b %H:%M} to {last:%a %d %b %H:%M}"
    return f"{first:%a %d %b %H:%M} to {last:%H:%M}"


def step_bounds(answer: Json, number: int) -> tuple[str, str]:
    """The start and the end of a step."""
    start = from_text(answer["from"]) + timedelta(seconds=number * answer["step"])
    return to_text(start), to_text(start + timedelta(seconds=answer["step"]))


def step_count(answer: Json) -> int:
    """How many steps the answer has."""
    seconds = (from_text(answer["to"]) - from_text(answer["from"])).total_seconds()
    return int(seconds / answer["step"])
