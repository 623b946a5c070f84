"""Ids that somebody may choose, and what nobody learns by choosing one."""

import pytest

from tests.world import BoxWorld

THINGS = {
    "/projects": {"name": "Attic"},
    "/tasks": {"projectId": "ada-launch", "title": "Sweep"},
    "/notes": {"projectId": "ada-launch", "content": "x"},
    "/calendar-events": {"title": "Dentist", "startAt": "2024-10-23T12:00:00Z"},
}
TAKEN = {
    "/projects": "bob-launch",
    "/tasks": "bob-launch-0",
    "/notes": "bob-note",
    "/calendar-events": "bob-event",
}


@pytest.mark.parametrize("path", THINGS)
async def test_a_users_token_learns_of_no_id_whether_it_is_taken(box: BoxWorld, path: str) -> None:
    for name in ("ada", "bob"):
        await box.person(name)
        await box.project(name)
    event = {"id": "bob-event", "userId": "bob", "title": "x", "startAt": "2024-10-23T12:00:00Z"}
    note = {"id": "bob-note", "projectId": "bob-launch", "content": "x"}
    await box.sync(events=[event], notes=[note])
    ada = await box.token_for("user:ada")
    answers = {
        key: await box.call("POST", path, {**THINGS[path], "id": key}, token=ada)
        for key in (TAKEN[path], "nobodys")
    }
    assert {answer.status_code for answer in answers.values()} == {403}
    assert len({answer.json()["error"] for answer in answers.values()}) == 1
    made = await box.post(path, THINGS[path], token=ada)
    assert made["id"] not in answers


@pytest.mark.parametrize("key", [".", ".."])
async def test_an_id_is_never_a_step_in_a_path(box: BoxWorld, key: str) -> None:
    answer = await box.call("POST", "/users", {"id": key, "name": "Dot"})
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (422, "id")
    scope = await box.call("POST", "/tokens", {"name": "t", "scope": f"user:{key}"})
    assert scope.status_code == 422
    assert (await box.call("POST", "/users", {"id": "...", "name": "Dots"})).status_code == 201
