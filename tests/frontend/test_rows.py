"""`POST /sync` takes rows as they are stored there (docs/spec.md#sync-skip)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.world import BoxWorld, open_world


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[BoxWorld]:
    async with open_world(tmp_path) as world:
        yield world


async def test_titles_become_one_line_and_events_have_one(box: BoxWorld) -> None:
    at = "2024-10-23T10:00:00Z"
    await box.sync(
        users=[{"id": "ada", "name": "Ada\nLovelace"}],
        preferences=[{"userId": "ada", "timeOfDay": "07:30:00"}],
        smsPreferences=[
            {"userId": "ada", "quietHoursStart": "22:00:00", "quietHoursEnd": "08:00:00"}
        ],
        projects=[{"id": "p", "userId": "ada", "name": "Lau\x00nch\r\nnow"}],
        tasks=[{"id": "t", "projectId": "p", "title": "Two\tlines\nof it"}],
        events=[
            {"id": "e1", "userId": "ada", "title": "", "startAt": at},
            {"id": "e2", "userId": "ada", "title": None, "startAt": at},
            {"id": "e3", "userId": "ada", "startAt": at},
        ],
    )
    assert (await box.get("/users/ada"))["name"] == "Ada Lovelace"
    assert (await box.get("/projects/p"))["name"] == "Lau nch now"
    assert (await box.get("/tasks/t"))["title"] == "Two lines of it"
    assert (await box.get("/users/ada/preferences"))["timeOfDay"] == "07:30"
    (sms,) = (await box.get("/sms/scheduled"))["schedule"]
    assert (sms["quiet_hours_start"], sms["quiet_hours_end"]) == ("22:00", "08:00")
    titles = [(await box.get(f"/calendar-events/e{n}"))["title"] for n in (1, 2, 3)]
    assert titles == ["(untitled)"] * 3


async def test_bad_rows_are_left_out_if_asked(box: BoxWorld) -> None:
    body = {
        "users": [{"id": "ada"}, {"id": "bob", "email": "nobody"}],
        "projects": [{"id": "p", "userId": "ada", "name": "Launch"}, {"id": "q", "userId": "bob",
                                                                       "name": "Lost"}],
        "tasks": [
            *({"id": f"t{n}", "projectId": "p", "title": f"Task {n}"} for n in range(150)),
            *({"id": f"b{n}", "projectId": "p", "title": ""} for n in range(150)),
            {"id": "child", "projectId": "q", "title": "Of a project that is left out"},
        ],
        "taskDependencies": [{"taskId": "t0", "dependsOnId": "b0"}],
    }  # fmt: skip
    refused = await box.call("POST", "/sync", body)
    assert refused.status_code == 422
    assert await box.db.all("SELECT * FROM users") == []
    answer = await box.post("/sync?onError=skip", body)
    assert answer["changed"]["tasks"]["created"] == 150
    assert answer["changed"]["users"]["created"] == 1
    fields = [one["field"] for one in answer["skipped"]]
    assert fields[0] == "users[1].email"
    assert "projects[1].userId" in fields
    assert "tasks[300].projectId" in fields
    assert "taskDependencies[0].dependsOnId" in fields
    assert len(fields) == 154
    whole = await box.call("POST", "/sync?onError=skip", {"tasks": {"id": "t"}})
    assert whole.status_code == 422
    assert (await box.call("POST", "/sync?onError=ignore", {})).status_code == 400
