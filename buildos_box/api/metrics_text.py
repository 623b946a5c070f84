"""The text of `GET /metrics`, in Prometheus' format, by its library."""

import os
import resource
import threading
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path

from litestar.datastructures import State
from prometheus_client import generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from buildos_box.api.request_metrics import BUCKETS, HttpMeter
from buildos_box.clock import from_text
from buildos_box.jobs import job_query_store, metrics_store, pause_store
from buildos_box.jobs.attempt_metrics import AttemptMeter
from buildos_box.llm import store as llm_store
from buildos_box.realtime.hub import Hub
from buildos_box.services import Services
from buildos_box.version import VERSION

NAMESPACE = "buildos_box"
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
Samples = Iterable[tuple[Sequence[str], float]]
"""Values of the labels, and the figure."""


class _Collected(Collector):
    """Families of samples that were taken already, since taking them waits for the database."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> Iterable[Metric]:
        """All of them."""
        return self._families


async def metrics_text(services: Services, state: State, hub: Hub) -> bytes:
    """Every metric as it is now."""
    families = [
        _gauge("info", "The version that runs.", ("version",), [((VERSION,), 1)]),
        *await _queue(services),
        *await _attempts(state.attempt_meter),
        *await _effects_and_models(services),
        *await _crons_and_streams(services, hub),
        *_requests(state.http_meter),
        *_process(services),
    ]
    return generate_latest(_Collected(families))


def _gauge(name: str, what: str, labels: Sequence[str], samples: Samples) -> Metric:
    family = GaugeMetricFamily(f"{NAMESPACE}_{name}", what, labels=labels)
    for values, figure in samples:
        family.add_metric(values, figure)
    return family


def _counter(name: str, what: str, labels: Sequence[str], samples: Samples) -> Metric:
    """The format adds `_total` to the name."""
    family = CounterMetricFamily(f"{NAMESPACE}_{name}", what, labels=labels)
    for values, figure in samples:
        family.add_metric(values, figure)
    return family


async def _queue(services: Services) -> list[Metric]:
    lanes = services.queue.lanes
    counts = await job_query_store.counts(services.db)
    due = await job_query_store.due_by_lane(services.db)
    waiting = {name: row["count"] for name, row in due.items()}
    running = await metrics_store.running_by_lane(services.db)
    pauses = await pause_store.list_pauses(services.db)
    oldest = await job_query_store.oldest_ready(services.db)
    waited = (services.clock.now() - from_text(oldest)).total_seconds() if oldest else 0.0
    return [
        _gauge(
            "jobs", "Jobs in the job store by type and status.", ("type", "status"),
            [((row["job_type"], row["status"]), row["count"]) for row in counts],
        ),
        _gauge(
            "lane_waiting", "Due jobs that wait for a slot.", ("lane",),
            [((name,), waiting.get(name, 0)) for name in lanes],
        ),
        _gauge(
            "lane_running", "Jobs that run.", ("lane",),
            [((name,), running.get(name, 0)) for name in lanes],
        ),
        _gauge(
            "lane_slots", "Jobs that may run at once.", ("lane",),
            [((name,), lane.concurrency) for name, lane in lanes.items()],
        ),
        _gauge(
            "paused", "Pauses in force.", ("kind", "name"),
            [((pause.kind, pause.name), 1) for pause in pauses],
        ),
        _gauge(
            "oldest_runnable_seconds", "How long the oldest runnable job has waited.", (),
            [((), max(0.0, waited))],
        ),
    ]  # fmt: skip


async def _attempts(meter: AttemptMeter) -> list[Metric]:
    await meter.look()
    return [
        _counter(
            "attempts", "Attempts that have ended, since the process began.", ("type", "outcome"),
            [((kind, outcome), count) for (kind, outcome), count in meter.ended.items()],
        ),
        _counter(
            "attempt_seconds", "Seconds that those attempts took.", ("type",),
            [((kind,), seconds) for kind, seconds in meter.seconds.items()],
        ),
    ]  # fmt: skip


async def _effects_and_models(services: Services) -> list[Metric]:
    now = services.clock.now()
    spent: dict[str, list[float]] = {}
    for row in await llm_store.usage(services.db, llm_store.day_start(now), now):
        figures = spent.setdefault(str(row["provider"]), [0, 0.0, 0])
        figures[0] += row["calls"]
        figures[1] += row["cost_usd"]
        figures[2] += row["tokens_in"] + row["tokens_out"]
    return [
        _gauge(
            "effects", "Mails, messages and pushes by state; an intent has no outcome yet.",
            ("kind", "state"),
            [((row["kind"], row["state"]), row["count"])
             for row in await metrics_store.effects(services.db)],
        ),
        *(
            _gauge(name, what, ("provider",), [((key,), own[place]) for key, own in spent.items()])
            for place, (name, what) in enumerate((
                ("llm_calls_today", "Calls to language models since midnight UTC."),
                ("llm_cost_usd_today", "What they cost in US dollars."),
                ("llm_tokens_today", "Tokens read and written by them."),
            ))
        ),
    ]  # fmt: skip


async def _crons_and_streams(services: Services, hub: Hub) -> list[Metric]:
    outcomes = await metrics_store.cron_outcomes(services.db)
    return [
        _gauge(
            "cron_ok", "Whether the last run of a cron went well.", ("cron",),
            [((row["name"],), int(row["status"] == "completed")) for row in outcomes],
        ),
        _gauge("streams", "Open event streams.", (), [((), hub.listeners)]),
    ]  # fmt: skip


def _requests(meter: HttpMeter) -> Iterator[Metric]:
    yield _counter(
        "http_requests", "Requests by route and status.", ("method", "route", "status"),
        [((method, route, str(status)), count)
         for (method, route, status), count in meter.answers.items()],
    )  # fmt: skip
    seconds = HistogramMetricFamily(
        f"{NAMESPACE}_http_request_seconds", "Seconds to an answer's first byte.", labels=("route",)
    )
    limits = [*map(str, BUCKETS), "+Inf"]
    for route, times in meter.times.items():
        counts = zip(limits, accumulate(times.counts), strict=True)
        seconds.add_metric((route,), list(counts), times.sum)
    yield seconds


def _process(services: Services) -> Iterator[Metric]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    yield _counter(
        "process_cpu_seconds", "Processor time used.", (), [((), used.ru_utime + used.ru_stime)]
    )
    if Path("/proc/self/statm").exists():
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
        files = len(os.listdir("/proc/self/fd"))
        yield _gauge("process_resident_bytes", "Memory in use.", (), [((), pages * PAGE_BYTES)])
        yield _gauge("process_open_files", "Open files.", (), [((), files)])
    yield _gauge("process_threads", "Threads.", (), [((), threading.active_count())])
    sizes = [("database", services.db.path), ("wal", Path(f"{services.db.path}-wal"))]
    yield _gauge(
        "file_bytes", "Size of the database and of its log.", ("file",),
        [((name,), path.stat().st_size) for name, path in sizes if path.exists()],
    )  # fmt: skip
    yield _counter(
        "commits", "Commits that have changed something.", (), [((), services.db.commits)]
    )
