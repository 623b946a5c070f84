"""What real push services have answered, and what becomes of the message.

The answers are those of public reports; the source is beside each.
"""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from buildos_box.clock import from_text, to_text
from tests.doubles.web import Answer, Web
from tests.notifications.browser import authority, subscribe, with_push
from tests.notifications.test_push import MADE, deliveries, tell
from tests.world import BoxWorld

SAMPLES: list[tuple[int, dict[str, str], str, int | None]] = [
    # web-push-libs/web-push-csharp#93: Microsoft throttles, and says for how long.
    (406, {"Retry-After": "900", "X-WNS-STATUS": "appthrottled"}, "retry", 900),
    # web-push-libs/web-push#677, web-push-php#335, #348, zaru/webpush#109, notifo-io/notifo#158,
    # SherClockHolmes/webpush-go#48: the same, and no word of how long.
    (406, {"X-WNS-NOTIFICATIONSTATUS": "channelthrottled"}, "retry", 2),
    # microsoft/WindowsAppSDK#3501: since 2026 it may say 429 like the others.
    (429, {"Retry-After": "60"}, "retry", 60),
    # mozilla-services/autopush-rs#1223: FCM's own throttling, passed on.
    (429, {"Retry-After": "3600"}, "retry", 3600),
    (503, {}, "retry", 2),
    # web-push-libs/web-push-csharp#46, web-push#457: FCM and Mozilla under load.
    (502, {}, "retry", 2),
    (500, {}, "retry", 2),
    # web-push-libs/web-push#457: another sender's key.
    (403, {}, "failed", None),
    (401, {}, "failed", None),
    # web-push-libs/web-push#237, pywebpush#162.
    (
        400,
        {"X-WNS-ERROR-DESCRIPTION": "Ttl value conflicts with X-WNS-Cache-Policy."},
        "failed",
        None,
    ),
    (410, {}, "failed", None),
    (404, {}, "failed", None),
]


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    with Web(MADE, tls=authority(tmp_path)) as server:
        yield server


@pytest.fixture
async def box(tmp_path: Path, web: Web) -> AsyncIterator[BoxWorld]:
    async with with_push(tmp_path, web) as world:
        yield world


@pytest.mark.parametrize(("status", "headers", "outcome", "wait"), SAMPLES)
async def test_an_answer_means(
    box: BoxWorld, web: Web, status: int, headers: dict[str, str], outcome: str, wait: int | None
) -> None:
    web.by_path["/push/a"] = Answer(status, headers=headers)
    await subscribe(box, web, "a")
    await tell(box)
    await box.work()
    job = next(job for job in await box.jobs() if job["job_type"] == "send_push")
    if wait is None:
        assert (await deliveries(box))[-1][0] == outcome
        assert job["status"] in ("failed", "completed")
        return
    assert job["status"] == "queued_for_retry"
    due = from_text(job["scheduled_for"])
    soonest = box.clock.now() + timedelta(seconds=wait)
    assert soonest <= due <= soonest + timedelta(seconds=1), to_text(due)
    web.by_path.clear()
    box.clock.set(due)
    await box.work()
    assert (await deliveries(box))[-1] == ("sent", None)


async def test_a_service_that_throttles_for_hours_gets_the_message_in_the_end(
    box: BoxWorld, web: Web
) -> None:
    web.by_path["/push/a"] = Answer(406)
    await subscribe(box, web, "a")
    await tell(box)
    await box.run_until("2024-10-23T12:00:00Z", step=timedelta(minutes=5))
    web.by_path.clear()
    await box.run_until("2024-10-23T12:20:00Z", step=timedelta(minutes=5))
    assert (await deliveries(box))[-1] == ("sent", None)
