"""A box with Ada whose webhooks may go to this machine, and what a test does with it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from buildos_box.clock import from_text
from buildos_box.settings import EgressSettings, Settings
from tests.webhooks.subscriber import Subscriber
from tests.world import BoxWorld, open_world

START = "2024-10-23T08:00:00Z"
NOW = from_text(START)


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[BoxWorld]:
    settings = Settings(egress=EgressSettings(allow_private=("127.0.0.0/8",)))
    async with open_world(tmp_path, at=START, settings=settings) as world:
        await world.person()
        yield world


async def subscribe(box: BoxWorld, to: Subscriber, *events: str) -> Any:
    made = await box.post("/webhook-subscriptions", {"url": to.url, "events": events})
    to.secret = made["secret"]
    return made


async def notify(box: BoxWorld, name: str, user: str = "ada", *, channel: str = "in_app") -> None:
    body = {"userId": user, "eventType": "task.assigned", "channel": channel}
    await box.post("/queue/notification", {**body, "payload": {"taskId": name, "taskName": name}})
    await box.work()


async def log(box: BoxWorld, **query: str) -> list[Any]:
    more = "".join(f"&{name}={value}" for name, value in query.items())
    return (await box.get(f"/deliveries?channel=webhook{more}"))["items"]
