"""What goes wrong: deaths, providers in trouble, wrong clocks, full disks, backups put back."""

import random
from datetime import datetime
from typing import Any

from tests.simulation.plan import DAY, Item, Options, Plan
from tests.simulation.virtual_time_loop import utc

OLD_AFTER_DAYS = 64
SEAMS = (
    "before commit",
    "after commit",
    "before commit",
    "after commit",
    "before effect",
    "in effect",
    "after effect",
    "after effect",
)


LONG_TROUBLES = {"greylists": (3600, 14_400), "closing": (600, 4800), "storm": (300, 4800)}
"""How long these last, in seconds."""


def add_faults(plan: Plan, rng: random.Random, options: Options) -> None:
    last = (plan.days - 2) * DAY
    starts = _starts(plan, last)
    asked = [item.at for item in plan.items if item.do == "brief" and 3600 < item.at < last]
    for _ in range(round(options.faults_a_day * plan.days)):
        at = rng.uniform(3600, max(3601.0, last))
        # Most trouble comes when there is something to do.
        if rng.random() < 0.5:
            at = at // 3600 * 3600 + rng.uniform(-125, 20)
        kind = rng.random()
        if kind < 0.35:
            body: dict[str, Any] = {
                "seam": rng.choice(SEAMS),
                "nth": rng.choice([1, 1, 2, 3, 5, 8, 13, 21]),
                "back_after": rng.choice([1.0, 3.0, 20.0, rng.uniform(30, 400)]),
            }
            if asked and rng.random() < 0.1:  # what was asked is done, and the answer lost
                at = rng.choice(asked)
                body |= {"seam": "after commit", "nth": rng.choice([1, 2, 3])}
            plan.items.append(Item(round(at, 3), "crash", body=body))
        elif kind < 0.90:
            provider, modes = rng.choice(
                [
                    ("relay", ["down", "busy", "slow", "lost", "greylists", "closing"]),
                    ("twilio", ["down", "busy", "error", "slow", "lost", "lost", "storm"]),
                    ("model", ["down", "silent", "busy", "error", "slow", "garbage", "mute"]),
                ]
            )
            if provider == "twilio" and starts and rng.random() < 0.6:
                at = rng.choice(starts) - rng.choice([5, 15, 15, 15, 30, 60]) * 60 - 5
            mode = rng.choice(modes)
            lasts = rng.choice([10.0, 60.0, 300.0, rng.uniform(300, 3000)])
            if mode in LONG_TROUBLES or (provider == "relay" and rng.random() < 0.2):
                lasts = rng.uniform(*LONG_TROUBLES.get(mode, (3600, 10_800)))
            body = {"provider": provider, "mode": mode, "lasts": lasts}
            plan.items.append(Item(round(at, 3), "trouble", body=body))
        elif kind < 0.94:
            hours = rng.choice([0.2, 0.5, 1, 1, 2, 4, 12, 60 if rng.random() < 0.2 else 3])
            gone = hours * 3600 * rng.uniform(0.7, 1.3)
            gone = min(gone, max(last - at, 60.0))  # the last days are quiet
            body = {"for": gone, "gently": rng.random() < 0.5}
            plan.items.append(Item(round(at, 3), "off", body=body))
        elif kind < 0.97:
            by = rng.choice([-3600.0, -70.0, 70.0, 400.0, 5400.0])
            body = {"by": by, "lasts": rng.uniform(60, 7200)}
            plan.items.append(Item(round(at, 3), "clock", body=body))
        else:
            body = {"pages": rng.choice([0, 0, 2]), "lasts": rng.uniform(30, 2400)}
            plan.items.append(Item(round(at, 3), "disk_full", body=body))


def _starts(plan: Plan, last: float) -> list[float]:
    """When events begin, in seconds from the start: before them their reminders are sent."""
    events = [
        event for item in plan.items if item.do == "sync" for event in item.body.get("events", ())
    ]
    begun = utc(plan.start)
    found = [(datetime.fromisoformat(event["startAt"]) - begun).total_seconds() for event in events]
    return [at for at in found if 2 * 3600 < at < last]


def _midnights(plan: Plan, last: float) -> list[float]:
    """When briefs are due that were asked for around somebody's midnight."""
    begun = utc(plan.start)
    asked = [item.body.get("scheduledFor") for item in plan.items if item.do == "brief"]
    found = [(datetime.fromisoformat(due) - begun).total_seconds() for due in asked if due]
    return [at for at in found if 2 * 3600 < at < last]


def add_restores(plan: Plan, rng: random.Random, every: int) -> None:
    """Now and then someone puts an old backup in place."""
    young = range(min(3, every), min(plan.days - 3, OLD_AFTER_DAYS), every)
    old = range(OLD_AFTER_DAYS + every, plan.days - 3, 6 * every)
    for begin in (*young, *old):
        made = (begin + rng.random()) * DAY
        back = made + rng.choice([0.05, 0.1, 0.3, 1.0]) * DAY * rng.uniform(0.5, 1.5)
        plan.items.append(Item(round(made, 3), "backup"))
        plan.items.append(Item(round(back, 3), "restore", body={"for": rng.uniform(20, 3000)}))


HARD_TIMES_A_FAULT = 0.15
LANES = ("llm", "email", "sms", "push", "default")


def add_hard_times(plan: Plan, rng: random.Random, options: Options) -> None:
    """Crash loops, lanes paused for hours, a slow disk, providers that refuse for an hour."""
    last = (plan.days - 2) * DAY
    hasty = [
        item.at
        for item in plan.items
        if item.do in ("brief", "word", "sms_preferences") and 3600 < item.at < last
    ]
    midnights = _midnights(plan, last)
    for _ in range(round(options.faults_a_day * HARD_TIMES_A_FAULT * plan.days)):
        at = rng.uniform(3600, max(3601.0, last))
        if rng.random() < 0.5:
            at = at // 3600 * 3600 + rng.uniform(-125, 20)
        kind = rng.random()
        if kind < 0.3:
            if hasty and rng.random() < 0.6:
                at = rng.choice(hasty) + 0.3
            seams = [(rng.choice(SEAMS), rng.choice([1, 2, 3, 5, 8])) for _ in range(14)]
            body: dict[str, Any] = {"seams": seams[: rng.randint(3, 14)], "each": rng.uniform(1, 9)}
            plan.items.append(Item(round(at, 3), "crash_loop", body=body))
        elif kind < 0.5:
            lasts = rng.choice([600.0, 3600.0, rng.uniform(3600, 54_000)])
            lane = rng.choice(LANES)
            if midnights and rng.random() < 0.4:  # a day is over before its brief is written
                at, lane, lasts = rng.choice(midnights) - rng.uniform(1, 300), "llm", lasts + 1800
            body = {"lane": lane, "lasts": min(lasts, max(last - at, 60.0))}
            plan.items.append(Item(round(at, 3), "pause", body=body))
        elif kind < 0.65:  # the outcome is recorded, and its job is not done
            body = {"seam": "after effect", "nth": rng.choice([1, 2]), "then": "after commit"}
            plan.items.append(Item(round(at, 3), "crash", body={**body, "back_after": 3.0}))
        elif kind < 0.8:
            if hasty and rng.random() < 0.7:
                at = rng.choice(hasty) - 1
            body = {"lasts": rng.choice([20.0, 60.0, 600.0])}
            plan.items.append(Item(round(at, 3), "slow_disk", body=body))
        else:
            provider, mode = rng.choice(
                [
                    *[("relay", "busy")] * 3,
                    ("twilio", "error"),
                    ("twilio", "busy"),
                    ("model", "down"),
                ]
            )
            lasts = rng.uniform(3600, 5400)
            if provider == "relay" and rng.random() < 0.5:  # past the end of somebody's day
                lasts = min(rng.uniform(18_000, 108_000), max(last - at, 60.0))
            body = {"provider": provider, "mode": mode, "lasts": lasts}
            plan.items.append(Item(round(at, 3), "trouble", body=body))
