"""The overview's sentences, as pure functions of the API's data."""

from collections.abc import Callable
from typing import Any

from buildos_box.client import BoxEvent
from buildos_box.clock import Instant, from_text
from buildos_box.tui.formatting import bar, plain, progress, state

Json = dict[str, Any]
At = Callable[[str | None], str]
MOST_RUNNING = 4
MOST_CRONS = 3


def trouble(
    *,
    failed: int,
    hours: list[Json],
    pauses: list[Json],
    providers: list[Json],
    budget: Json,
    reasons: list[str],
    alerts: list[str],
) -> list[str]:
    """The problems, most urgent first, with the key that shows each; or that there is none."""
    lines = [f"! {reason}" for reason in reasons]
    lately = {found["jobType"]: sum(found["failed"]) for found in hours}
    which = ", ".join(plain(name) for name, count in lately.items() if count)
    if which:
        count = sum(lately.values())
        lines.append(f"! {count:,} failed in the last hour: {which}   [f] show")
    elif failed:
        lines.append(f"! {failed:,} failed earlier   [f] show")
    lines += [
        f"! {plain(one['name'])} is {one['state']}: the next in line is asked"
        for one in providers
        if one["state"] != "ok"
    ]
    if budget.get("reached"):
        lines.append("! today's budget for language models is spent: the built-in analyst works")
    lines += [f"! {alert}" for alert in alerts]
    named = [
        "all jobs" if pause["kind"] == "all" else plain(f"{pause['kind']} {pause['name']}")
        for pause in pauses
    ]
    lines += [f"! paused: {', '.join(named)}   [P] resume"] if named else []
    return lines or ["✓ nothing is wrong"]


def lane_lines(lanes: list[Json], width: int) -> list[str]:
    """Every lane with its load and waiting jobs; a lane is never split over two lines."""
    lines = ["lanes  "]
    for lane in lanes:
        limit = lane["concurrency"]
        load = bar(100 * lane["running"] / max(limit, 1), 4)
        paused = " PAUSED" if lane["paused"] else ""
        waiting = f" +{lane['waiting']:,}" if lane["waiting"] else ""
        part = f" {plain(lane['name'])} {load} {lane['running']}/{limit}{waiting}{paused} "
        if len(lines[-1]) + len(part) > width:
            lines.append(" " * 7)
        lines[-1] += part
    return lines


def rest_line(overview: Json, now: Instant) -> str:
    """How long the oldest job has waited, and the free disk space."""
    oldest = overview["throughput"].get("oldestReady")
    waits = _clock((now - from_text(oldest)).total_seconds()) if oldest else "none"
    free = overview["diskFreeBytes"]
    disk = f"   disk {free / 1e9:>5,.0f} GB free" if free is not None else ""
    return f"oldest waiting {waits}{disk}"


def provider_line(providers: list[Json]) -> str:
    """The language models in the order of the chain."""
    if not providers:
        return "models  none set: the built-in analyst works"
    found = [f"{plain(one['name'])} {'✓' if one['state'] == 'ok' else one['state'].upper()}"
             for one in providers]  # fmt: skip
    return "models  " + " → ".join(found)


def budget_line(budget: Json) -> str:
    """Today's cost of language models."""
    if not budget or (not budget["spentUsd"] and not budget["spentTokens"]):
        return ""
    limit = f" of ${budget['limitUsd']:.2f}" if budget["limitUsd"] is not None else ""
    return f"   today ${budget['spentUsd']:.2f}{limit} ({budget['spentTokens']:,} tokens)"


def cron_lines(crons: list[Json], at: At) -> list[str]:
    """The next crons."""
    soonest = sorted(crons, key=lambda cron: str(cron["nextRun"]))[:MOST_CRONS]
    found = [f"{at(cron['nextRun'])} {plain(cron['name'])}" for cron in soonest]
    return ["next    " + "   ".join(found)] if found else []


def running_lines(jobs: list[Json], now: Instant) -> list[str]:
    """The running jobs, and how long they have been running."""
    lines = []
    for number, job in enumerate(jobs[:MOST_RUNNING]):
        since = (now - from_text(job["started_at"])).total_seconds() if job["started_at"] else 0
        head = "now" if number == 0 else ""
        user = f" {plain(job['user_id'])}" if job["user_id"] else ""
        lines.append(f"{head:<8}{plain(job['job_type'])}{user} {progress(job, 12)} {_clock(since)}")
    more = len(jobs) - MOST_RUNNING
    return [*lines, f"        and {more} more"] if more > 0 else lines


def event_line(event: BoxEvent, at: At) -> str:
    """One event as a line."""
    data = event.data
    who = f" {plain(event.user_id)}" if event.user_id else ""
    if "jobType" in data and isinstance(data.get("status"), str):
        return f"{at(event.at or None)} {state(data['status'])} {plain(data['jobType'])}{who}"
    what = plain(data.get("message") or data.get("title") or data.get("eventType"))
    return f"{at(event.at or None)} {plain(event.type)}{who} {what}"


def _clock(seconds: float) -> str:
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"
