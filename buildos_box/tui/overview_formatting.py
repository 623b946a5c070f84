"""The overview's sentences, as pure functions of the API's data."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from rich.cells import cell_len, set_cell_size

from buildos_box.client import BoxEvent
from buildos_box.clock import Instant, from_text, to_text
from buildos_box.plural import plural
from buildos_box.tui.formatting import (
    age,
    bar,
    channel,
    plain,
    progress,
    sent,
    state,
    with_local_times,
)

Json = dict[str, Any]
At = Callable[[str | None], str]
MOST_RUNNING = 4
LEAST_SECTION = 3
"""Lines of a section: its title, one of its lines, a blank."""
MOST_CRONS = 3
FINE = {"ok": "✓", "untested": "untested"}
"""States of a language model that are no trouble."""


def trouble(
    *,
    failed: int,
    hours: list[Json],
    pauses: list[Json],
    providers: list[Json],
    budget: Json,
    reasons: list[str],
    alerts: list[str],
    at: At,
) -> list[str]:
    """The problems, most urgent first, with the key that shows each; or that there is none."""
    lines = [f"! {with_local_times(reason, at)}" for reason in reasons]
    lately = [found for found in hours if any(found["failed"])]
    if lately:
        count = sum(sum(found["failed"]) for found in lately)
        which = ", ".join(_failing(found, at) for found in lately)
        lines.append(f"! {count:,} failed in the last hour: {which}   [f] show")
    elif failed:
        lines.append(f"! {failed:,} failed earlier   [f] show")
    lines += [
        f"! {plain(one['name'])} is {one['state']}: the next in line is asked"
        for one in providers
        if one["state"] not in FINE
    ]
    if budget.get("reached"):
        lines.append("! today's budget for language models is spent: the built-in analyst works")
    lines += [f"! {with_local_times(alert, at)}" for alert in alerts]
    named = [
        "all jobs" if pause["kind"] == "all" else plain(f"{pause['kind']} {pause['name']}")
        for pause in pauses
    ]
    lines += [f"! paused: {', '.join(named)}   [P] resume"] if named else []
    return lines or ["✓ nothing is wrong"]


def _failing(found: Json, at: At) -> str:
    since = found.get("failingSince")
    return plain(found["jobType"]) + (f" (all since {at(since)})" if since else "")


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


def backlog_lines(lanes: list[Json], now: Instant, at: At, most: int) -> list[str]:
    """Lanes in which jobs wait, longest first: how many, since when, when they will be done, and
    whose jobs are the most.
    """
    behind = sorted((lane for lane in lanes if lane["waiting"]), key=lambda x: str(x["oldestDue"]))
    lines: list[str] = []
    for lane in behind[:most]:
        waited = age((now - from_text(lane["oldestDue"])).total_seconds())
        lines.append(
            f"{'' if lines else 'due':<8}{plain(lane['name'])} {lane['waiting']:,} for {waited}: "
            f"{_outlook(lane, now, at)}"
        )
    most_by = [
        f"{plain(lane['busiestUser'])} {lane['busiestUserWaiting']:,} in {plain(lane['name'])}"
        for lane in behind
        if lane["busiestUser"]
    ]
    return [*lines, "most    " + "   ".join(most_by)] if most_by else lines


def _outlook(lane: Json, now: Instant, at: At) -> str:
    if lane["paused"]:
        return "paused"
    seconds = lane["clearInSeconds"]
    if seconds is None:
        return "none ended in 10 min"
    when = at(to_text(now + timedelta(seconds=seconds)))
    rate = f"{lane['endedPerMinute']:.3g}/min"
    return f"{rate}, clear in about {age(seconds)} ({when})"


def later_line(lanes: list[Json], at: At) -> list[str]:
    """What is for later and what waits for a retry, by lane, with the next time of each."""
    parts = [
        f"{plain(lane['name'])} {lane['scheduled']:,} from {at(lane['nextDue'])}"
        for lane in lanes
        if lane["scheduled"]
    ]
    parts += [
        f"↻ {plain(lane['name'])} {lane['inRetry']:,} from {at(lane['nextRetry'])}"
        for lane in lanes
        if lane["inRetry"]
    ]
    return ["later   " + "   ".join(parts)] if parts else []


def rest_line(overview: Json, crons: list[Json], now: Instant, at: At) -> str:
    """How long the oldest job has waited, the free disk space, and the last backup."""
    oldest = overview["throughput"].get("oldestReady")
    waits = _clock((now - from_text(oldest)).total_seconds()) if oldest else "none"
    free = overview["diskFreeBytes"]
    disk = f"   disk {free / 1e9:>5,.0f} GB free" if free is not None else ""
    last = next((cron["lastRun"] for cron in crons if cron["name"] == "backup"), None)
    sign = {"completed": "✓", "running": "▶"}.get(last["status"], "✗") if last else "–"
    backup = f"   last backup {sign} {at(last['startedAt']) if last else 'none yet'}"
    return f"oldest waiting {waits}{disk}{backup}"


def provider_line(providers: list[Json]) -> str:
    """The language models in the order of the chain."""
    if not providers:
        return "models  none set: the built-in analyst works"
    found = [
        f"{plain(one['name'])} {FINE.get(one['state']) or plain(one['state']).upper()}"
        for one in providers
    ]
    return "models  " + " → ".join(found)


def cost_line(budget: Json, week: Json) -> str:
    """Today's cost of language models, and that of the last seven days."""
    said = ""
    if budget and (budget["spentUsd"] or budget["spentTokens"]):
        limit = f" of ${budget['limitUsd']:.2f}" if budget["limitUsd"] is not None else ""
        said = f"   today ${budget['spentUsd']:.2f}{limit}"
    cost = sum(sum(series["costUsd"]) for series in week.get("series", ()))
    calls = sum(sum(series["calls"]) for series in week.get("series", ()))
    return f"{said}   7 days ${cost:,.2f} ({plural(calls, 'call')})" if calls else said


def cron_lines(crons: list[Json], at: At) -> list[str]:
    """The next crons."""
    soonest = sorted(crons, key=lambda cron: str(cron["nextRun"]))[:MOST_CRONS]
    found = [f"{at(cron['nextRun'])} {plain(cron['name'])}" for cron in soonest]
    return ["next    " + "   ".join(found)] if found else []


def running_lines(jobs: list[Json], now: Instant) -> list[str]:
    """The running jobs, and how long they have been running."""
    rows = [
        (
            plain(job["job_type"]),
            plain(job["user_id"]),
            _clock(
                (now - from_text(job["started_at"])).total_seconds() if job["started_at"] else 0
            ),
            progress(job, 12),
        )
        for job in jobs[:MOST_RUNNING]
    ]
    lines = [f"{'' if n else 'now':<8}{line}" for n, line in enumerate(aligned(rows))]
    more = len(jobs) - MOST_RUNNING
    return [*lines, f"        and {more} more"] if more > 0 else lines


def event_line(event: BoxEvent, at: At) -> str:
    """One event as a line."""
    data = event.data
    who = f" {plain(event.user_id)}" if event.user_id else ""
    if "jobType" in data and isinstance(data.get("status"), str):
        return f"{at(event.at or None)} {state(data['status'])} {plain(data['jobType'])}{who}"
    what = with_local_times(data.get("message") or data.get("title") or data.get("eventType"), at)
    return f"{at(event.at or None)} {plain(event.type)}{who} {what}"


def failure_lines(jobs: list[Json], at: At) -> list[str]:
    """The jobs that failed last, with their errors."""
    return aligned(
        (
            at(job["completed_at"]),
            plain(job["job_type"]),
            plain(job["user_id"]),
            with_local_times(job["error"], at),
        )
        for job in jobs
    )


def delivery_lines(messages: list[Json], at: At) -> list[str]:
    """The messages that were made last."""
    return aligned(
        (
            at(one["at"]),
            sent(one["status"]),
            channel(one["channel"]),
            plain(one["userId"]),
            plain(one["reason"] or one["text"]),
        )
        for one in messages
    )


def brief_lines(briefs: list[Json], at: At) -> list[str]:
    """The briefs that come next."""
    return aligned(
        (
            at(one["at"]),
            plain(one["name"] or one["userId"]),
            plain(one["localTime"]),
            plain(one["timezone"]),
        )
        for one in briefs
    )


def aligned(rows: Iterable[tuple[str, ...]]) -> list[str]:
    """The rows as lines whose cells stand below each other; the last cell is as long as it is."""
    found = list(rows)
    widths = [max(map(cell_len, cells)) for cells in zip(*found, strict=True)][:-1]
    return [" ".join([*map(set_cell_size, row, widths), row[-1]]).rstrip() for row in found]


def fitted(sections: list[tuple[str, list[str]]], room: int) -> list[str]:
    """Titled sections in that many lines, the first ones first if not all have room.

    Each gets a line after the other as long as there is room; an empty one is a title that says so.
    """
    shown: list[tuple[str, list[str]]] = []
    for title, found in sections:
        least = LEAST_SECTION if found else 2
        if least <= room:
            shown.append((title, found))
            room -= least

    counts = [min(1, len(found)) for _, found in shown]
    while room and any(count < len(found) for count, (_, found) in zip(counts, shown, strict=True)):
        for number, (_, found) in enumerate(shown):
            if room and counts[number] < len(found):
                counts[number] += 1
                room -= 1
    lines: list[str] = []
    for count, (title, found) in zip(counts, shown, strict=True):
        lines += [
            title if found else f"{title}: none",
            *(f"  {line}" for line in found[:count]),
            "",
        ]
    return lines


def _clock(seconds: float) -> str:
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"
