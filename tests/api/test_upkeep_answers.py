"""What an operator is told: health, cost, clean-up, and the page of the API."""

from datetime import timedelta
from typing import Any

from litestar.exceptions import ValidationException

from buildos_box.api.errors import on_validation_error
from buildos_box.api.request_body import ApiRequest
from tests.world import BoxWorld


async def test_health_says_who_has_stopped_asking_for_work(box: BoxWorld) -> None:
    box.clock.advance(timedelta(minutes=2))
    answer = await box.call("GET", "/health")
    assert answer.status_code == 503
    assert {
        "no worker has asked for work within the last minute",
        "the scheduler has not ticked within the last minute",
    } <= {*answer.json()["reasons"]}


async def test_without_a_call_language_models_have_cost_nothing(box: BoxWorld) -> None:
    assert (await box.get("/llm/usage"))["total"] == {
        "calls": 0,
        "ok": 0,
        "tokensIn": 0,
        "tokensOut": 0,
        "costUsd": 0.0,
    }


async def test_a_job_is_stale_after_as_many_hours_as_are_asked_for(box: BoxWorld) -> None:
    await box.person()
    await box.post("/queue/pause", {})
    await box.post("/queue/brief", {"userId": "ada"})
    box.clock.advance(timedelta(hours=2))
    for hours, count in ((3, 0), (1, 1)):
        body = {"staleThresholdHours": hours, "dryRun": True}
        assert (await box.post("/queue/cleanup", body))["staleCancelled"] == count


async def test_the_script_of_the_page_is_kept_for_a_day(box: BoxWorld) -> None:
    answer = await box.call("GET", "/docs/rapidoc-min.js")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "max-age=86400"


def test_a_refusal_without_fields_is_a_sentence() -> None:
    scope: Any = {"type": "http", "headers": [], "state": {}, "path": "/x"}
    request = ApiRequest(scope)
    answer = on_validation_error(request, ValidationException("no such thing"))
    assert answer.status_code == 400
