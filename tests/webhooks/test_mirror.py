"""The receiver of docs/frontend.md#mirror, in Node, ends with the server's own rows."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from buildos_box.clock import SystemClock
from buildos_box.settings import EgressSettings, Settings
from buildos_box.webhooks.secrets import new_secret
from tests.clock import ManualClock
from tests.webhooks.conftest import log
from tests.world import open_world

MIRROR = Path(__file__).parent / "mirror.mjs"
PAGE = Path(__file__).parent.parent.parent / "docs" / "frontend.md"
TYPES = ["brief.completed", "job.updated", "email.sent"]


@pytest.fixture
def secret() -> str:
    return new_secret()


@pytest.fixture
def mirror(secret: str) -> Any:
    with subprocess.Popen(
        ["node", str(MIRROR)],
        env={**os.environ, "WEBHOOK_SECRET": secret},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}/"
        process.kill()


async def test_the_mirror_has_the_same_briefs_jobs_and_mails(
    tmp_path: Path, mirror: str, secret: str
) -> None:
    settings = Settings(egress=EgressSettings(allow_private=("127.0.0.0/8",)))
    # The receiver compares the signature's time with the machine's clock.
    clock = ManualClock(SystemClock().now().isoformat())
    async with open_world(tmp_path, clock=clock, settings=settings) as box:
        made = await box.post(
            "/webhook-subscriptions", {"url": mirror, "events": TYPES, "secret": secret}
        )
        assert made["secret"] == secret
        await box.person()
        queued = await box.post("/queue/brief", {"userId": "ada"})
        await box.work()
        for _ in range(2):
            mirrored = httpx.get(mirror, trust_env=False).json()
            (brief,), (mail,) = mirrored["daily_briefs"], mirrored["emails"]
            assert brief["summaryHtml"]
            own = await box.get(f"/users/ada/briefs/{brief['briefDate']}")
            assert {name: brief[name] for name in own} == own
            assert mail == (await box.get("/users/ada/emails"))["items"][0]
            jobs = {row["id"]: row for row in mirrored["queue_jobs"]}
            own_job = await box.get(f"/jobs/{queued['jobId']}")
            assert jobs[queued["jobId"]] == own_job
            assert own_job["status"] == "completed"
            path = f"/webhook-subscriptions/{made['id']}/replay"
            clock.set(SystemClock().now())
            assert (await box.post(path, {"since": "2024-01-01T00:00:00Z"}))["events"] > 5
            await box.work()
        assert {row["status"] for row in await log(box)} == {"sent"}


def test_the_page_shows_the_code_that_runs() -> None:
    program = MIRROR.read_text("utf-8")
    section = PAGE.read_text("utf-8").partition('<a id="signature-check"></a>')[2]
    shown = [
        function
        for block in re.findall(r"^```js\n(.*?)^```", section, re.M | re.S)
        for function in re.findall(r"^export function .*?^}", block, re.M | re.S)
    ]
    assert len(shown) == 2
    assert [function for function in shown if function not in program] == []


def test_the_python_check_on_the_page_accepts_what_is_signed() -> None:
    from buildos_box.webhook_signature import standard_headers

    section = PAGE.read_text("utf-8").partition('<a id="signature-check"></a>')[2]
    (block,) = re.findall(r"^```python\n(.*?)^```", section, re.M | re.S)
    names: dict[str, Any] = {}
    exec(block, names)
    secret, now = new_secret(), int(SystemClock().now().timestamp())
    headers = standard_headers(secret, "event-1", now, b"{}")
    assert names["accepts"](secret, headers, b"{}")
    assert not names["accepts"](secret, headers, b"{ }")
    assert not names["accepts"](new_secret(), headers, b"{}")
    assert not names["accepts"](
        secret, standard_headers(secret, "event-1", now - 301, b"{}"), b"{}"
    )
