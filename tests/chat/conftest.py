"""A box with ntfy, Gotify and Telegram at doubles, and a person who has told it of her topic."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from buildos_box.settings import LimitsSettings, Settings
from buildos_box.settings.channels import ChatSettings
from buildos_box.settings.model import ServerSettings
from buildos_box.settings.section import Secret
from tests.doubles.chat import GotifyDouble, NtfyDouble, TelegramDouble
from tests.world import BoxWorld, open_world


@asynccontextmanager
async def chat_box(
    folder: Path, chat: dict[str, ChatSettings], limits: LimitsSettings | None = None
) -> AsyncIterator[BoxWorld]:
    server = ServerSettings(base_url="https://box.example")
    settings = Settings(chat=chat, server=server, limits=limits or LimitsSettings())
    async with open_world(folder / "data", settings=settings) as world:
        yield world


@pytest.fixture
def ntfy() -> Iterator[NtfyDouble]:
    with NtfyDouble() as double:
        yield double


@pytest.fixture
def gotify() -> Iterator[GotifyDouble]:
    with GotifyDouble() as double:
        yield double


@pytest.fixture
def telegram() -> Iterator[TelegramDouble]:
    with TelegramDouble() as double:
        yield double


@pytest.fixture
async def box(
    tmp_path: Path, ntfy: NtfyDouble, gotify: GotifyDouble, telegram: TelegramDouble
) -> AsyncIterator[BoxWorld]:
    chat = {
        "ntfy": ChatSettings(url=Secret(ntfy.template)),
        "gotify": ChatSettings(url=Secret(gotify.template)),
        "telegram": ChatSettings(url=Secret(telegram.template), api_base_url=telegram.url),
    }
    async with chat_box(tmp_path, chat) as world:
        await world.person("ada")
        yield world


async def use(box: BoxWorld, service: str, target: str, user: str = "ada") -> None:
    """Vouch for the address, as an operator may."""
    body = {"service": service, "target": target, "confirmed": True}
    await box.post(f"/users/{user}/chat", body)


async def tell(box: BoxWorld, **more: Any) -> None:
    task = {"taskId": "t1", "taskName": "Pay <b>rent</b> & tax", "projectName": "Home"}
    body = {"userId": "ada", "eventType": "task.assigned", "payload": task, "channel": "chat"}
    await box.post("/queue/notification", {**body, **more})


async def deliveries(box: BoxWorld, over: str = "chat") -> list[tuple[str, str | None]]:
    items = (await box.get(f"/deliveries?channel={over}"))["items"]
    return [(item["status"], item["error"] or item["reason"]) for item in reversed(items)]


async def sending(box: BoxWorld) -> Any:
    """The one job that sends a chat message."""
    (job,) = [job for job in await box.jobs() if job["job_type"] == "send_chat"]
    return job
