"""No log line has a whole phone number (docs/spec.md#masked-numbers)."""

import logging
from datetime import timedelta

import pytest

from tests.doubles.twilio import TwilioDouble
from tests.sms.test_sms import NUMBER, ada, states
from tests.world import BoxWorld


async def test_no_log_line_has_the_whole_number(
    box: BoxWorld, twilio: TwilioDouble, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await ada(box)
    twilio.script = [(400, 21211)]
    await box.post("/queue/sms", {"userId": "ada", "message": "one"})
    await box.work()
    assert await states(box) == [("failed", "no SMS can reach this number")]
    (line,) = (await box.get("/sms/scheduled"))["schedule"]
    assert line["phone_verified"] is False
    assert caplog.records
    # The client writes what it sends; percent-encoded too.
    assert [r for r in caplog.records if NUMBER[1:] in r.getMessage()] == []


async def test_no_error_nor_event_has_the_whole_number(box: BoxWorld, twilio: TwilioDouble) -> None:
    await ada(box)
    twilio.script = [(400, 21614), (400, 21408), "kept"]
    for text in ("one", "two", "three"):
        await box.post("/queue/sms", {"userId": "ada", "message": text})
        await box.run_until(box.clock.now() + timedelta(minutes=2))
    for table in ("job_events", "job_attempts", "queue_jobs", "effects", "realtime_events"):
        rows = await box.db.all(f"SELECT * FROM {table}")
        assert NUMBER[1:] not in str([tuple(row) for row in rows]), table
