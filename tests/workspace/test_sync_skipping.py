"""A sync that leaves out what has a fault, and all that depends on it (docs/spec.md#sync)."""

from typing import Any

from tests.world import BoxWorld


async def skip(box: BoxWorld, **lists: Any) -> Any:
    return await box.post("/sync", lists, params={"onError": "skip"})


async def test_what_depends_on_a_faulty_item_is_left_out_with_it(box: BoxWorld) -> None:
    answer = await skip(
        box,
        users=[{"id": "ada"}, {"id": "ben", "email": "nobody"}],
        projects=[
            {"id": "home", "userId": "ada", "name": "Home"},
            {"id": "bens", "userId": "ben", "name": "Ben's"},
        ],
        tasks=[
            {"id": "rent", "projectId": "home", "title": "Pay rent"},
            {"id": "bens-task", "projectId": "bens", "title": "His"},
        ],
        taskDependencies=[
            {"taskId": "rent", "dependsOnId": "bens-task"},
            {"taskId": "rent", "dependsOnId": "rent"},
        ],
    )
    counts = {"created": 1, "updated": 0, "unchanged": 0, "deleted": 0}
    assert answer["changed"] == {"users": counts, "projects": counts, "tasks": counts}
    assert [one["field"] for one in answer["skipped"]] == [
        "users[1].email",
        "taskDependencies[1].dependsOnId",
        "projects[1].userId",
        "tasks[1].projectId",
        "taskDependencies[0].dependsOnId",
    ]
    assert [user["id"] for user in (await box.get("/users"))["items"]] == ["ada"]


async def test_deletions_and_good_links_are_carried_out(box: BoxWorld) -> None:
    await box.person("ada")
    await box.project("ada", tasks=3)
    answer = await skip(
        box,
        tasks=[{"id": "ada-launch-0", "priority": "soon"}],
        taskDependencies=[{"taskId": "ada-launch-0", "dependsOnId": "ada-launch-1"}],
        delete={"tasks": ["ada-launch-2", "../"]},
    )
    assert [one["field"] for one in answer["skipped"]] == ["tasks[0].priority", "delete.tasks[1]"]
    assert answer["changed"]["taskDependencies"]["created"] == 1
    tasks = (await box.get("/users/ada/tasks"))["items"]
    assert {task["id"] for task in tasks} == {"ada-launch-0", "ada-launch-1"}


async def test_a_fault_of_the_whole_request_refuses_it(box: BoxWorld) -> None:
    answer = await box.call("POST", "/sync?onError=skip", {"users": [{"id": "ada"}], "tasks": 7})
    assert answer.status_code == 422
    assert (await box.get("/users"))["items"] == []
