"""Tasks without a project, and many at once (docs/spec.md#inbox-project, #many-tasks)."""

from typing import Any

from tests.world import BoxWorld


async def test_a_task_without_a_project_goes_into_the_inbox(box: BoxWorld) -> None:
    await box.person("ada")
    own = await box.token_for("user:ada")
    made = [await box.post("/users/ada/tasks", {"title": t}, token=own) for t in ("One", "Two")]
    projects = (await box.get("/users/ada/projects"))["items"]
    assert [project["name"] for project in projects] == ["Inbox"]
    assert {task["projectId"] for task in made} == {projects[0]["id"]}


async def test_an_archived_inbox_takes_no_task(box: BoxWorld) -> None:
    await box.person("ada")
    first = await box.post("/users/ada/tasks", {"title": "One"})
    await box.call("PATCH", f"/projects/{first['projectId']}", {"status": "archived"})
    second = await box.post("/users/ada/tasks", {"title": "Two"})
    assert second["projectId"] != first["projectId"]


async def test_a_task_that_is_refused_leaves_no_other(box: BoxWorld) -> None:
    await box.person("ada")
    answer = await box.call("POST", "/users/ada/tasks", {"title": ""})
    assert answer.status_code == 422
    assert (await box.get("/users/ada/tasks"))["items"] == []


async def change(box: BoxWorld, body: Any, who: str = "ada") -> Any:
    token = await box.token_for(f"user:{who}")
    return await box.call("PATCH", f"/users/{who}/tasks", body, token=token)


async def test_many_tasks_are_moved_and_deleted_at_once(box: BoxWorld) -> None:
    await box.person("ada")
    await box.project("ada", tasks=4)
    answer = await change(box, {
        "tasks": [{"id": "ada-launch-0", "dueDate": "2024-10-30"},
                  {"id": "ada-launch-1", "dueDate": None, "priority": "low"}],
        "delete": ["ada-launch-2"]})  # fmt: skip
    assert answer.json() == {"created": 0, "updated": 2, "unchanged": 0, "deleted": 1}
    tasks = {task["id"]: task for task in (await box.get("/users/ada/tasks"))["items"]}
    assert tasks.keys() == {"ada-launch-0", "ada-launch-1", "ada-launch-3"}
    assert tasks["ada-launch-0"]["dueDate"] == "2024-10-30"
    assert tasks["ada-launch-1"]["priority"] == "low"


async def test_one_fault_refuses_all(box: BoxWorld) -> None:
    await box.person("ada")
    await box.project("ada", tasks=2)
    answer = await change(box, {"tasks": [{"id": "ada-launch-0", "title": "New"},
                                          {"id": "ada-launch-1", "dueDate": "soon"}]})  # fmt: skip
    assert answer.json()["details"][0]["field"] == "tasks[1].dueDate"
    assert (await box.get("/tasks/ada-launch-0"))["title"] != "New"


async def test_tasks_of_others_and_new_ones_are_unknown(box: BoxWorld) -> None:
    await box.person("ada")
    await box.person("mallory")
    await box.project("ada")
    for body in ({"tasks": [{"id": "ada-launch-0", "title": "Mine"}]},
                 {"tasks": [{"id": "new", "projectId": "ada-launch", "title": "Mine"}]},
                 {"delete": ["ada-launch-0"]}):  # fmt: skip
        answer = await change(box, body, "mallory")
        assert answer.status_code == 422, body
    assert (await box.get("/tasks/ada-launch-0"))["title"] != "Mine"


async def test_more_than_five_hundred_are_too_many(box: BoxWorld) -> None:
    await box.person("ada")
    answer = await change(box, {"delete": [f"t{n}" for n in range(501)]})
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (422, "tasks")


async def test_more_prerequisites_than_are_allowed_or_no_list_are_refused(box: BoxWorld) -> None:
    await box.person("ada")
    await box.project("ada", tasks=1)
    for wanted, status in (([f"t{n}" for n in range(1_001)], 422), ("t1", 400)):
        answer = await box.call("PUT", "/tasks/ada-launch-0/dependencies", {"dependsOn": wanted})
        assert (answer.status_code, answer.json()["details"][0]["field"]) == (status, "dependsOn")


async def test_a_line_longer_than_a_title_is_refused(box: BoxWorld) -> None:
    await box.person("ada")
    for line, status in (("x" * 1_000, 200), ("x" * 1_001, 422)):
        answer = await box.call("GET", "/users/ada/quick-add", params={"text": line})
        assert answer.status_code == status
