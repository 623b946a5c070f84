"""Do not disturb delays; only sent deliveries count (docs/spec.md#quiet-hours-delay)."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.doubles.web import Answer, Web
from tests.notifications.browser import authority, subscribe, with_push
from tests.world import BoxWorld


async def _wish(box: BoxWorld, **wanted: Any) -> None:
    answer = await box.call("PUT", "/users/ada/notification-preferences", wanted)
    assert answer.status_code == 200, answer.text


async def _tell(box: BoxWorld, name: str, event: str = "task.assigned") -> None:
    payload = {"taskId": name, "taskName": name, "message": name}
    body = {"userId": "ada", "eventType": event, "payload": payload, "channel": "push"}
    await box.post("/queue/notification", body)


async def _channel(box: BoxWorld) -> list[tuple[str, str | None]]:
    items = (await box.get("/deliveries?channel=push"))["items"]
    whole = [item for item in reversed(items) if item["subscriptionId"] is None]
    return [(item["status"], item["reason"]) for item in whole]


async def test_only_what_was_sent_counts_against_the_cap(tmp_path: Path) -> None:
    with Web(Answer(400), Answer(201), tls=authority(tmp_path)) as web:
        async with with_push(tmp_path, web) as box:
            await subscribe(box, web, "a")
            await _wish(box, hourlyCap=2)
            for name in ("refused", "one", "two", "three"):
                await _tell(box, name)
                await box.work()
            assert await _channel(box) == [
                ("failed", None),
                ("sent", None),
                ("sent", None),
                ("skipped", "hourly cap"),
            ]
            box.clock.advance(timedelta(minutes=61))
            await _tell(box, "later")
            await box.work()
            assert (await _channel(box))[-1] == ("sent", None)
            await _wish(box, hourlyCap=None, dailyCap=3)
            await _tell(box, "too many")
            await box.work()
            assert (await _channel(box))[-1] == ("skipped", "daily cap")
            box.clock.set("2024-10-24T00:00:00Z")
            await _tell(box, "next day")
            await box.work()
            assert (await _channel(box))[-1] == ("sent", None)


async def test_many_at_once_do_not_pass_the_cap_together(tmp_path: Path) -> None:
    with Web(Answer(201), tls=authority(tmp_path)) as web:
        async with with_push(tmp_path, web) as box:
            await subscribe(box, web, "a", "b")
            await _wish(box, hourlyCap=3)
            for n in range(6):
                await _tell(box, f"t{n}")
            await box.work()
            assert (
                sorted(await _channel(box))
                == [("sent", None)] * 3 + [("skipped", "hourly cap")] * 3
            )
            assert len(web.seen) == 2 * 3


async def test_do_not_disturb_defers_all_but_what_is_urgent_and_drops_none(
    tmp_path: Path,
) -> None:
    with Web(Answer(201), tls=authority(tmp_path)) as web:
        async with with_push(tmp_path, web) as box:
            await box.sync(users=[{"id": "ada", "isAdmin": True}])
            await subscribe(box, web, "a")
            await _wish(box, dndStart="07:00", dndEnd="09:30", hourlyCap=2)
            for n in range(2):
                await _tell(box, f"t{n}")
            await _tell(box, "fire", "error.critical")
            await box.work()
            assert await _channel(box) == [("pending", None)] * 2 + [("sent", None)]
            assert len(web.seen) == 1
            await box.run_until("2024-10-23T09:30:00Z", step=timedelta(minutes=45))
            assert await _channel(box) == [("sent", None)] * 3
            assert len(web.seen) == 3
