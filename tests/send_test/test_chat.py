"""`POST /queue/test-chat`: over the person's confirmed address, or why not."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from buildos_box.settings.channels import ChatSettings
from buildos_box.settings.section import Secret
from tests.chat.conftest import chat_box, use
from tests.doubles.chat import NtfyDouble, Trouble
from tests.world import BoxWorld


@pytest.fixture
def ntfy() -> Iterator[NtfyDouble]:
    with NtfyDouble() as double:
        yield double


@pytest.fixture
async def box(tmp_path: Path, ntfy: NtfyDouble) -> AsyncIterator[BoxWorld]:
    async with chat_box(tmp_path, {"ntfy": ChatSettings(url=Secret(ntfy.template))}) as world:
        await world.person("ada")
        yield world


async def test_a_test_message_has_the_services_id(box: BoxWorld, ntfy: NtfyDouble) -> None:
    answer = await box.call("POST", "/queue/test-chat", {"userId": "ada"})
    assert answer.status_code == 422
    assert answer.json()["details"] == [
        {"field": "userId", "message": "ada has no confirmed chat address"}
    ]
    await use(box, "ntfy", "ada-1")
    job_id = (await box.post("/queue/test-chat", {"userId": "ada"}))["jobId"]
    await box.work()
    job = await box.get(f"/jobs/{job_id}")
    assert job["result"] == {"service": "ntfy", "messageId": "ntfy m1"}
    (sent,) = ntfy.taken
    assert sent["topic"] == "ada-1"
    assert sent["title"] == "BuildOS Box can send chat messages"
    assert sent["message"] == "This is a test message."


async def test_an_address_that_is_gone_gets_nothing(box: BoxWorld, ntfy: NtfyDouble) -> None:
    await use(box, "ntfy", "ada-1")
    job_id = (await box.post("/queue/test-chat", {"userId": "ada"}))["jobId"]
    await box.call("DELETE", "/users/ada/chat")
    await box.work()
    job = await box.get(f"/jobs/{job_id}")
    assert (job["error"], job["error_code"]) == (
        "there is no confirmed chat address",
        "no_chat_address",
    )
    assert ntfy.taken == []


async def test_what_the_service_says_ends_the_one_attempt(box: BoxWorld, ntfy: NtfyDouble) -> None:
    await use(box, "ntfy", "ada-1")
    ntfy.troubles = [Trouble(503, {})]
    job_id = (await box.post("/queue/test-chat", {"userId": "ada"}))["jobId"]
    await box.work()
    job = await box.get(f"/jobs/{job_id}")
    assert (job["status"], job["attempts"], job["max_attempts"]) == ("failed", 1, 1)
    assert ntfy.taken == []
