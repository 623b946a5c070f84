"""Pictures of every screen, as the README shows them: what is drawn is compared with what is kept.

`UPDATE_PICTURES=1 pytest tests/tui/test_pictures.py` draws them anew.
"""

import json
import logging
import os
import re
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from buildos_box.db import Tx
from buildos_box.ids import Ids
from buildos_box.jobs.attempt import Attempt
from buildos_box.log import RECENT_LINES, recent
from tests.realtime.streams import served
from tests.tui.dashboard import WITH_SMS, Dash, dashboard, quiet_nights
from tests.world import BoxWorld

ADVICE = "UPDATE_PICTURES=1 draws them anew; look at them before keeping them"
PICTURES = Path(__file__).parent / "pictures"
SIZE = (104, 30)
LOOKS = 20
CRONS = ("briefs", "daily_sms", "sms_health", "realtime_cleanup", "cleanup", "queue_alerts")
SCREENS = {
    "1": ("overview", "75 % Writing analysis"),
    "2": ("jobs", "generate_daily_brief"),
    "3": ("schedule", "Asia/Tokyo"),
    "4": ("deliveries", "Task 0"),
    "5": ("users", "Asia/Tokyo"),
    "6": ("cleanup", "Nothing to clean up"),
    "7": ("charts", "last 1 h"),
    "8": ("log", "attempt_failed"),
}
PEOPLE = (
    ("ada", "Europe/Berlin", "18:30"),
    ("bo", "America/New_York", "07:00"),
    ("chi", "Asia/Tokyo", "06:45"),
)


def ids_in_order() -> Ids:
    """Rows of one instant are listed by their ids: here in the order in which they were made."""
    numbers = count(1)
    return Ids(lambda _bits: next(numbers))


async def a_busy_morning(world: BoxWorld) -> None:
    """Two hours of briefs; one message that failed, one lane paused, one brief being written."""
    for user, zone, at in PEOPLE:
        await world.person(user, zone=zone, at=at)
        await world.project(user, tasks=3)
    for name in [name for name in world.box.cron_registry.crons if name not in CRONS]:
        del world.box.cron_registry.crons[name]  # so that a new cron changes no picture
    await world.tick()
    for step in range(9):
        user = PEOPLE[step % 3][0]
        day = {"briefDate": f"2024-10-{24 + step % 5}", "forceRegenerate": True}
        for _ in range(1 + step % 3):
            await world.post("/queue/brief", {"userId": user, **day})
            await world.work()
            world.clock.advance(timedelta(seconds=20))
        world.clock.advance(timedelta(minutes=6))
    await world.post(
        "/queue/sms", {"userId": "bo", "phoneNumber": "+14155552671", "message": "Standup at 10"}
    )
    await world.work()
    await world.post("/queue/pause", {"lane": "push"})
    await world.db.write(spread)
    later = {"userId": "chi", "briefDate": "2024-11-02", "scheduledFor": "2024-11-01T21:30:00Z"}
    await world.post("/queue/brief", later)
    await world.post("/queue/brief", {"userId": "ada", "briefDate": "2024-11-01"})
    claimed = await world.claim()
    assert claimed is not None
    attempt = Attempt(claimed, None, world.db, world.clock, {})  # type: ignore[type-var]
    await attempt.progress(75, "Writing analysis")
    world.clock.advance(timedelta(seconds=9))
    # Workers are named after their process, whose number has more digits on one day than another.
    await world.db.write(
        lambda tx: tx.execute(
            "UPDATE job_events SET actor = 'box-4711' WHERE actor = ?", (f"box-{os.getpid()}",)
        )
    )
    engine = world.box.engine  # its threads do not run here: what they did was done by hand
    engine.storage.ticked_at = engine.scheduler_ticked_at = world.clock.monotonic()


def spread(tx: Tx) -> None:
    """Jobs took some time, though the clock that was moved by hand stood still."""
    tx.execute(
        """UPDATE queue_jobs SET started_at = strftime('%Y-%m-%dT%H:%M:%fZ', completed_at, CASE
                job_type WHEN 'generate_daily_brief' THEN '-3.120 seconds'
                WHEN 'send_sms' THEN '-0.312 seconds' ELSE '-0.044 seconds' END)
            WHERE completed_at IS NOT NULL"""
    )


def settled(svg: str) -> str:
    """Without what is another in each run: ports, processes, random parts of ids, free disk."""
    names = {
        found: f"t{n}" for n, found in enumerate(dict.fromkeys(re.findall(r"terminal-\d+", svg)))
    }
    for found, name in names.items():
        svg = svg.replace(found, name)
    svg = re.sub(r"127\.0\.0\.1:\d{5}", "box.example.org", svg)
    svg = re.sub(r"\b([a-z]+-01[0-9a-z]{8})[0-9a-z]{13}\b", r"\g<1>4y7h2kq8w3xn6", svg)
    svg = re.sub(r"\b(job-01[0-9a-z]*…)[0-9a-z]{6}\b", r"\g<1>8w3xn6", svg)
    return re.sub(r"disk(&#160;)+[\d,]+&#160;GB", "disk&#160;&#160;&#160;&#160;41&#160;GB", svg)


def log_some() -> None:
    """So many lines that those of other tests are gone."""
    recent.setFormatter(logging.Formatter("%(message)s"))
    for number in range(RECENT_LINES):
        second = number - RECENT_LINES + 60
        line = {
            "timestamp": f"2024-10-23T09:{30 + second // 60:02}:{second % 60:02}Z",
            "level": "info",
            "logger": "buildos_box.upkeep.cron",
            "event": "backup_made",
            "correlation_id": "cron-backup-7",
        }
        if number % 10 == 9:
            line |= {
                "level": "warning",
                "logger": "buildos_box.jobs.runner",
                "event": "attempt_failed",
                "error": "the relay refused it: 550 5.1.1 no such user",
                "code": "mail_refused",
                "job_id": "job-01jaw67j00r3h78sgmv25fy",
            }
        level = logging.WARNING if number % 10 == 9 else logging.INFO
        recent.handle(logging.LogRecord("x", level, "", 1, json.dumps(line), None, None))


def settled_text(screen: str) -> str:
    """Without what is another in each run: ports, random parts of ids, free disk."""
    screen = re.sub(r"127\.0\.0\.1:\d{5}", "127.0.0.1:87870", screen)
    screen = re.sub(r"(job|corr)-01[0-9a-z…~]+", lambda m: m[0][:6].ljust(len(m[0]), "0"), screen)
    return re.sub(r"disk +[\d,]+ GB", "disk    41 GB", screen)


async def text_picture(dash: Dash, name: str) -> list[str]:
    """Compare the screen's text with the one of that name; returns what is wrong."""
    path = PICTURES / "text" / f"{name}.txt"
    for _ in range(LOOKS):
        await dash.pilot.pause(0.3)
        drawn = settled_text(dash.screen()) + "\n"
        if os.environ.get("UPDATE_PICTURES"):
            await dash.pilot.pause(1.0)
            drawn = settled_text(dash.screen()) + "\n"
            path.parent.mkdir(exist_ok=True)
            path.write_text(drawn, "utf-8")
        if path.exists() and path.read_text("utf-8") == drawn:
            return []
    return [name]


async def picture(dash: Dash, name: str) -> list[str]:
    """Compare what is drawn with the picture of that name; returns what is wrong."""
    path = PICTURES / f"{name}.svg"
    for _ in range(LOOKS):
        await dash.pilot.pause(0.3)
        drawn = settled(dash.app.export_screenshot(title="buildos-box tui"))
        if os.environ.get("UPDATE_PICTURES"):
            PICTURES.mkdir(exist_ok=True)
            path.write_text(drawn, "utf-8")
        if path.read_text("utf-8") == drawn:
            return []
    return [name]


async def test_every_screen_looks_as_it_is_pictured(tmp_path: Path) -> None:
    log_some()
    async with served(tmp_path / "data", ids=ids_in_order()) as live:
        await a_busy_morning(live.world)
        async with dashboard(live, size=SIZE) as dash:
            dash.app.theme = "textual-dark"
            await dash.sees("75 % Writing analysis", "! paused: lane push", "models")
            wrong = await picture(dash, "overview")
            dash.app.theme = "textual-light"
            wrong += await picture(dash, "overview-light")
            dash.app.theme = "textual-dark"
            await dash.press("2", "j")
            await dash.sees("▶ running", "✗ failed", "75 %")
            wrong += await picture(dash, "jobs")
            await dash.press("slash")
            await dash.type("type:send_sms")
            await dash.press("enter")
            await dash.sees("1 job")
            await dash.press("enter")
            await dash.sees("ATTEMPTS", "sms_not_configured", "PAYLOAD")
            wrong += await picture(dash, "job")
            await dash.press("escape", "3")
            await dash.sees("realtime_cleanup", "Asia/Tokyo")
            wrong += await picture(dash, "schedule")
            await dash.press("4", "slash")
            await dash.type("channel:email,sms")
            await dash.press("enter")
            await dash.sees_not("in-app")
            await dash.sees("SMS not configured")
            wrong += await picture(dash, "deliveries")
            await dash.press("5")
            await dash.sees("Asia/Tokyo", "ada")
            wrong += await picture(dash, "users")
            await dash.press("6")
            await dash.sees("Nothing to clean up")
            wrong += await picture(dash, "cleanup")
            await dash.press("7", "s", "b", "b")
            await dash.sees("Throughput by type, last 24 h", "generate_daily_brief")
            wrong += await picture(dash, "charts")
            await dash.press("8")
            await dash.sees("attempt_failed", "1,000 lines   live")
            wrong += await picture(dash, "log")
    assert wrong == [], ADVICE


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 50)])
async def test_every_screen_fits_every_terminal(tmp_path: Path, size: tuple[int, int]) -> None:
    log_some()
    wrong: list[str] = []
    async with served(tmp_path / "data", ids=ids_in_order()) as live:
        await a_busy_morning(live.world)
        kinds: tuple[Any, ...] = ("braille", "ascii")
        for signs in kinds:
            async with dashboard(live, size=size, signs=signs) as dash:
                for key, words in SCREENS.items():
                    await dash.press(key)
                    name, seen = words
                    await dash.sees(seen)
                    if name == "charts":
                        await dash.press("s")
                        await dash.sees("Throughput, last 24 h")
                    wrong += await text_picture(dash, f"{name}-{size[0]}x{size[1]}-{signs}")
                    assert max(map(len, dash.screen().splitlines())) <= size[0]
                    assert signs != "ascii" or dash.screen().isascii()
    assert wrong == [], ADVICE


async def test_the_forecast_looks_as_it_is_pictured(tmp_path: Path) -> None:
    async with served(tmp_path / "data", settings=WITH_SMS, ids=ids_in_order()) as live:
        await quiet_nights(live.world)
        async with dashboard(live, size=SIZE) as dash:
            dash.app.theme = "textual-dark"
            await dash.press("3")
            await dash.sees("f Forecast")
            await dash.press("f")
            await dash.sees("8 will be sent, 1 of them moved by quiet hours; 8 skipped")
            await dash.press("j", "j")
            await dash.sees("reminder of ada, Early")
            assert await picture(dash, "forecast") == [], ADVICE
