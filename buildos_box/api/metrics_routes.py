"""`GET /metrics`: what a Prometheus server asks for."""

import os
import resource
import threading
from pathlib import Path
from typing import Any

from litestar import Response, get
from litestar.datastructures import State

from buildos_box.api import exposition
from buildos_box.api.exposition import Exposition
from buildos_box.api.meter import HttpMeter
from buildos_box.auth.scope_guard import NEEDS_ADMIN
from buildos_box.clock import from_text
from buildos_box.jobs import meter_store, pause_store, store
from buildos_box.jobs.meter import AttemptMeter
from buildos_box.llm import store as llm_store
from buildos_box.realtime.hub import Hub
from buildos_box.services import Services
from buildos_box.version import VERSION

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@get("/metrics", tags=["Operation"], media_type=exposition.MEDIA_TYPE, opt=NEEDS_ADMIN)
async def metrics(box: Services, state: State, hub: Hub) -> Response[str]:
    """Figures in Prometheus' text format."""
    page = Exposition()
    page.family("info", "gauge", "The version that runs.", [({"version": VERSION}, 1)])
    await _queue(page, box)
    await _attempts(page, state.attempt_meter)
    await _others(page, box, hub)
    _http(page, state.http_meter)
    _process(page, box)
    return Response(page.text(), media_type=exposition.MEDIA_TYPE)


async def _queue(page: Exposition, box: Services) -> None:
    page.family(
        "jobs", "gauge", "Jobs in the ledger by type and status.",
        [({"type": r["job_type"], "status": r["status"]}, r["count"])
         for r in await store.counts(box.db)],
    )  # fmt: skip
    waiting = await store.waiting_by_lane(box.db)
    running = await meter_store.running_by_lane(box.db)
    lanes = box.queue.lanes
    page.family(
        "lane_waiting", "gauge", "Due jobs that wait for a slot.",
        [({"lane": name}, waiting.get(name, 0)) for name in lanes],
    )  # fmt: skip
    page.family(
        "lane_running", "gauge", "Jobs that run.",
        [({"lane": name}, running.get(name, 0)) for name in lanes],
    )  # fmt: skip
    page.family(
        "lane_slots", "gauge", "Jobs that may run at once.",
        [({"lane": name}, lane.concurrency) for name, lane in lanes.items()],
    )  # fmt: skip
    page.family(
        "paused", "gauge", "Pauses in force.",
        [({"kind": p.kind, "name": p.name}, 1) for p in await pause_store.list_pauses(box.db)],
    )  # fmt: skip
    oldest = await store.oldest_ready(box.db)
    waited = (box.clock.now() - from_text(oldest)).total_seconds() if oldest else 0.0
    page.family(
        "oldest_runnable_seconds", "gauge", "How long the oldest runnable job has waited.",
        [({}, max(0.0, waited))],
    )  # fmt: skip


async def _attempts(page: Exposition, meter: AttemptMeter) -> None:
    await meter.look()
    page.family(
        "attempts_total", "counter", "Attempts that have ended, since the process began.",
        [({"type": kind, "outcome": outcome}, n) for (kind, outcome), n in meter.ended.items()],
    )  # fmt: skip
    page.family(
        "attempt_seconds_total", "counter", "Seconds that those attempts took.",
        [({"type": kind}, float(seconds)) for kind, seconds in meter.seconds.items()],
    )  # fmt: skip


async def _others(page: Exposition, box: Services, hub: Hub) -> None:
    page.family(
        "effects", "gauge", "Mails, messages and pushes by state; an intent has no outcome yet.",
        [({"kind": r["kind"], "state": r["state"]}, r["count"])
         for r in await meter_store.effects(box.db)],
    )  # fmt: skip
    now = box.clock.now()
    usage = await llm_store.usage(box.db, llm_store.day_start(now), now)
    calls: dict[str, list[float]] = {}
    for row in usage:
        figures = calls.setdefault(str(row["provider"]), [0, 0.0, 0])
        figures[0] += row["calls"]
        figures[1] += row["cost_usd"]
        figures[2] += row["tokens_in"] + row["tokens_out"]
    for place, (name, what) in enumerate((
        ("llm_calls_today", "Calls to language models since midnight UTC."),
        ("llm_cost_usd_today", "What they cost in US dollars."),
        ("llm_tokens_today", "Tokens read and written by them."),
    )):  # fmt: skip
        page.family(
            name, "gauge", what,
            [({"provider": provider}, figures[place]) for provider, figures in calls.items()],
        )  # fmt: skip
    page.family(
        "cron_ok", "gauge", "Whether the last run of a cron went well.",
        [({"cron": r["name"]}, int(r["status"] == "completed"))
         for r in await meter_store.cron_outcomes(box.db)],
    )  # fmt: skip
    page.family("streams", "gauge", "Open event streams.", [({}, hub.listeners)])


def _http(page: Exposition, meter: HttpMeter) -> None:
    page.family(
        "http_requests_total", "counter", "Requests by route and status.",
        [({"method": method, "route": route, "status": str(status)}, n)
         for (method, route, status), n in meter.requests.items()],
    )  # fmt: skip
    page.histograms(
        "http_request_seconds", "Seconds to an answer's first byte.",
        [({"route": route}, histogram) for route, histogram in meter.durations.items()],
    )  # fmt: skip


def _process(page: Exposition, box: Services) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    page.family(
        "process_cpu_seconds_total", "counter", "Processor time used.",
        [({}, used.ru_utime + used.ru_stime)],
    )  # fmt: skip
    if Path("/proc/self/statm").exists():
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
        files = len(os.listdir("/proc/self/fd"))
        page.family("process_resident_bytes", "gauge", "Memory in use.", [({}, pages * PAGE_BYTES)])
        page.family("process_open_files", "gauge", "Open files.", [({}, files)])
    page.family("process_threads", "gauge", "Threads.", [({}, threading.active_count())])
    sizes = [("database", box.db.path), ("wal", Path(f"{box.db.path}-wal"))]
    page.family(
        "file_bytes", "gauge", "Size of the database and of its log.",
        [({"file": name}, path.stat().st_size) for name, path in sizes if path.exists()],
    )  # fmt: skip
    page.family("commits_total", "counter", "Commits of the writer.", [({}, box.db.commits)])


ROUTES: list[Any] = [metrics]
