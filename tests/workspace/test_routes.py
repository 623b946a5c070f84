"""The workspace over HTTP: shapes, paging, ownership (docs/spec.md#workspace-data)."""

from collections.abc import AsyncIterator
from dataclasses import fields
from typing import Any

import pytest
from litestar import Litestar, Request, Response
from litestar.di import Provide
from litestar.testing import AsyncTestClient

from buildos_box.api.request_body import ApiRequest, with_body_limits
from buildos_box.auth.caller import Caller
from buildos_box.auth.scope_guard import scope_guard
from buildos_box.errors import BoxError
from buildos_box.ids import Ids
from buildos_box.services import Services
from buildos_box.workspace.routes import ROUTES
from tests.workspace.conftest import Workspace

Json = dict[str, Any]


def who(request: Request[Any, Any, Any]) -> Caller:
    return Caller(scope=request.headers.get("x-scope", "service"), token_id="t", name="test")


async def known(connection: Any, _handler: Any) -> None:
    connection.scope["state"]["caller"] = who(connection)


def on_error(_request: Any, error: BoxError) -> Response[Json]:
    details = {fault.field: fault.message for fault in getattr(error, "details", ())}
    return Response({"code": error.code, "details": details}, status_code=error.status)


class Api:
    """Calls as the service unless `by` names a user."""

    def __init__(self, client: AsyncTestClient[Litestar]) -> None:
        self._client = client

    async def __call__(
        self, method: str, path: str, json: Any = None, by: str | None = None, **params: Any
    ) -> tuple[int, Any]:
        headers = {"x-scope": f"user:{by}"} if by else {}
        response = await self._client.request(
            method, path, json=json, params=params, headers=headers
        )
        return response.status_code, response.json() if response.content else None


@pytest.fixture
async def api(ada: Workspace) -> AsyncIterator[Api]:
    unused: dict[str, Any] = {part.name: None for part in fields(Services)}
    services = Services(**{**unused, "clock": ada.clock, "ids": Ids(), "db": ada.db})
    app = Litestar(
        route_handlers=with_body_limits(ROUTES, 1024),
        guards=[known, scope_guard],
        dependencies={
            "services": Provide(lambda: services, sync_to_thread=False),
            "caller": Provide(who, sync_to_thread=False),
        },
        exception_handlers={BoxError: on_error},
        request_class=ApiRequest,
    )
    async with AsyncTestClient(app) as client:
        yield Api(client)


async def test_a_sync_answers_what_changed(api: Api) -> None:
    status, body = await api("POST", "/sync", {"users": [{"id": "carl"}, {"id": "ada"}]})
    assert status == 200
    counts = {"created": 1, "updated": 0, "unchanged": 1, "deleted": 0}
    assert body == {"success": True, "changed": {"users": counts}}


async def test_a_sync_may_be_larger_than_other_requests(api: Api) -> None:
    users = [{"id": f"u{n}"} for n in range(200)]
    assert (await api("POST", "/sync", {"users": users}))[0] == 200
    assert (await api("POST", "/users", {"id": "big", "name": "x" * 2000}))[0] == 413


async def test_a_sync_is_not_for_users(api: Api) -> None:
    assert (await api("POST", "/sync", {}, by="ada"))[0] == 403


async def test_a_refused_sync_names_every_fault(api: Api) -> None:
    tasks = [{"id": "t", "projectId": "nowhere", "title": 1}]
    status, body = await api("POST", "/sync", {"tasks": tasks, "users": 7})
    assert status == 422
    assert body["details"].keys() == {"users", "tasks[0].title", "tasks[0].projectId"}


async def test_a_user_is_made_changed_and_erased(api: Api) -> None:
    status, user = await api("POST", "/users", {"email": "c@example.org", "timezone": "Asia/Tokyo"})
    assert status == 201
    assert user["id"].startswith("user-")
    path = f"/users/{user['id']}"
    status, changed = await api("PATCH", path, {"name": "Carl", "email": None})
    assert (changed["name"], changed["email"], changed["timezone"]) == ("Carl", None, "Asia/Tokyo")
    assert (await api("GET", path))[1] == changed
    assert (await api("DELETE", path))[0] == 204
    assert (await api("GET", path))[0] == 404


async def test_an_id_that_is_taken_is_a_conflict(api: Api) -> None:
    assert (await api("POST", "/users", {"id": "ada"}))[0] == 409


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", 5])
async def test_an_unknown_zone_is_refused_when_set_by_hand(api: Api, zone: Any) -> None:
    status, body = await api("PATCH", "/users/ada", {"timezone": zone}, by="ada")
    assert (status, body["details"].keys()) == (422, {"timezone"})
    assert (await api("POST", "/users", {"timezone": zone}))[0] == 422


async def test_a_user_cannot_make_themselves_admin(api: Api) -> None:
    assert (await api("PATCH", "/users/ada", {"isAdmin": True}, by="ada"))[0] == 403
    assert (await api("GET", "/users/ada"))[1]["isAdmin"] is False


async def test_a_visit_is_recorded(api: Api) -> None:
    status, user = await api("POST", "/users/ada/visit", by="ada")
    assert (status, user["lastVisitAt"]) == (200, "2024-10-23T08:00:00.000Z")


async def test_preferences_are_inactive_until_set_and_then_kept(api: Api) -> None:
    path = "/users/ada/preferences"
    status, none = await api("GET", path, by="ada")
    assert (status, none["isActive"], none["timeOfDay"]) == (200, False, "09:00")
    wanted = {"frequency": "custom", "days": [5, 1], "timeOfDay": "07:30"}
    status, saved = await api("PUT", path, wanted, by="ada")
    assert (status, saved["isActive"], saved["days"]) == (200, True, [1, 5])
    _, saved = await api("PUT", path, {"emailDailyBrief": False, "userId": "ben"}, by="ada")
    assert (saved["timeOfDay"], saved["emailDailyBrief"]) == ("07:30", False)
    assert (await api("GET", path, by="ada"))[1] == saved


async def test_wrong_preferences_name_every_fault(api: Api) -> None:
    wrong = {"timeOfDay": "25:00", "days": [9], "dayOfWeek": -1}
    status, body = await api("PUT", "/users/ada/preferences", wrong)
    assert (status, body["details"].keys()) == (422, {"timeOfDay", "days", "dayOfWeek"})


async def test_a_user_works_on_their_own_things(api: Api) -> None:
    status, project = await api("POST", "/projects", {"name": "Garden"}, by="ada")
    assert (status, project["userId"]) == (201, "ada")
    task = {"projectId": project["id"], "title": "Dig", "dueDate": "2024-11-01"}
    status, task = await api("POST", "/tasks", task, by="ada")
    assert (status, task["status"]) == (201, "todo")
    status, done = await api("POST", f"/tasks/{task['id']}/done", by="ada")
    assert (status, done["completedAt"]) == (200, "2024-10-23T08:00:00.000Z")
    status, note = await api("POST", "/notes", {"projectId": project["id"]}, by="ada")
    assert status == 201
    event = {"title": "Fair", "allDay": True, "startDate": "2024-11-02"}
    status, event = await api("POST", "/calendar-events", event, by="ada")
    assert (status, event["startAt"], event["startDate"]) == (201, None, "2024-11-02")
    for path in ("notes/" + note["id"], "calendar-events/" + event["id"], "tasks/" + task["id"]):
        assert (await api("DELETE", f"/{path}", by="ada"))[0] == 204
        assert (await api("GET", f"/{path}", by="ada"))[0] == 404


OF_ADA: list[tuple[str, str, Any]] = [
    ("GET", "/users/ada", None),
    ("PATCH", "/users/ada", {"name": "X"}),
    ("POST", "/users/ada/visit", None),
    ("GET", "/users/ada/preferences", None),
    ("PUT", "/users/ada/preferences", {}),
    ("GET", "/users/ada/projects", None),
    ("GET", "/users/ada/tasks", None),
    ("PATCH", "/users/ada/tasks", {"tasks": [{"id": "rent", "title": "X"}]}),
    ("GET", "/users/ada/notes", None),
    ("GET", "/users/ada/calendar-events", None),
    ("GET", "/projects/home", None),
    ("PATCH", "/projects/home", {"name": "X"}),
    ("DELETE", "/projects/home", None),
    ("GET", "/tasks/rent", None),
    ("PATCH", "/tasks/rent", {"title": "X"}),
    ("POST", "/tasks/rent/done", None),
    ("GET", "/tasks/rent/dependencies", None),
    ("PUT", "/tasks/rent/dependencies", {"dependsOn": []}),
    ("DELETE", "/tasks/rent", None),
    ("GET", "/notes/n", None),
    ("PATCH", "/notes/n", {"title": "X"}),
    ("DELETE", "/notes/n", None),
    ("GET", "/calendar-events/standup", None),
    ("PATCH", "/calendar-events/standup", {"title": "X"}),
    ("DELETE", "/calendar-events/standup", None),
]


@pytest.mark.parametrize(("method", "path", "body"), OF_ADA)
async def test_anothers_things_are_not_there(
    api: Api, ada: Workspace, method: str, path: str, body: Any
) -> None:
    await ada.sync(notes=[{"id": "n", "projectId": "home"}])
    stranger = await api(method, path, body, by="ben")
    nobody = await api(method, path.replace("ada", "ghost"), body, by="ghost")
    assert stranger[0] == nobody[0] == 404
    assert (await api(method, path, body, by="ada"))[0] in (200, 204)


def test_the_list_of_what_is_anothers_is_whole() -> None:
    """A new route that names a thing must be in the list above."""
    for_all = {("GET", "/users"), ("DELETE", "/users/{user_id:str}")}
    listed = {(method, path.split("/")[1], path.count("/")) for method, path, _ in OF_ADA}
    for handler in ROUTES:
        for path in handler.paths:
            for method in handler.http_methods:
                names_one = "{" in path and (method, path) not in for_all
                if names_one:
                    assert (method, path.split("/")[1], path.count("/")) in listed, path


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/projects", {"name": "X", "userId": "ada"}, "userId"),
        ("/tasks", {"title": "X", "projectId": "home"}, "projectId"),
        ("/notes", {"projectId": "home"}, "projectId"),
        ("/calendar-events", {"title": "X", "startAt": "2024-10-23T08:00:00Z", "userId": "ada"},
         "userId"),
    ],
)  # fmt: skip
async def test_nothing_can_be_put_among_anothers_things(
    api: Api, path: str, body: Json, field: str
) -> None:
    status, answer = await api("POST", path, body, by="ben")
    assert (status, answer["details"].keys()) == (422, {field})
    assert "there is no" in answer["details"][field]


async def test_a_task_cannot_be_moved_into_or_wait_for_anothers(api: Api) -> None:
    moved = await api("PATCH", "/tasks/bens-task", {"projectId": "home"}, by="ben")
    assert moved[0] == 422
    waits = await api("PUT", "/tasks/bens-task/dependencies", {"dependsOn": ["rent"]}, by="ben")
    assert waits[1]["details"] == {"dependsOn[0]": "there is no task 'rent'"}


async def test_dependencies_are_replaced_as_a_whole_and_circles_refused(
    api: Api, ada: Workspace
) -> None:
    await ada.sync(tasks=[{"id": key, "projectId": "home", "title": key} for key in "abc"])
    assert await api("PUT", "/tasks/a/dependencies", {"dependsOn": ["b", "c"]}) == (
        200,
        {"dependsOn": ["b", "c"]},
    )
    assert await api("PUT", "/tasks/a/dependencies", {"dependsOn": ["c"]}) == (
        200,
        {"dependsOn": ["c"]},
    )
    status, body = await api("PUT", "/tasks/c/dependencies", {"dependsOn": ["b", "a"]})
    assert (status, body["details"].keys()) == (422, {"dependsOn[1]"})
    status, body = await api("PUT", "/tasks/c/dependencies", {"dependsOn": ["c", "no id"]})
    assert (status, body["details"].keys()) == (422, {"dependsOn[0]", "dependsOn[1]"})
    assert (await api("GET", "/tasks/c/dependencies"))[1] == {"dependsOn": []}


async def test_lists_come_newest_first_page_by_page(api: Api, ada: Workspace) -> None:
    titles = [f"t{n}" for n in range(5)]
    await ada.sync(
        delete={"tasks": ["rent"]},
        tasks=[{"id": title, "projectId": "home", "title": title} for title in titles],
    )
    seen, cursor = [], None
    for _ in range(3):
        params: dict[str, Any] = {"cursor": cursor} if cursor else {}
        _, body = await api("GET", "/users/ada/tasks", limit=2, **params)
        seen.append([task["title"] for task in body["items"]])
        cursor = body["nextCursor"]
    assert seen == [["t4", "t3"], ["t2", "t1"], ["t0"]]
    assert cursor is None


async def test_tasks_are_listed_by_project_and_status(api: Api, ada: Workspace) -> None:
    await ada.sync(
        projects=[{"id": "club", "userId": "ada", "name": "Club"}],
        tasks=[
            {"id": "done", "projectId": "home", "title": "D", "status": "done"},
            {"id": "play", "projectId": "club", "title": "P", "status": "blocked"},
        ],
    )

    async def ids(**params: str) -> list[str]:
        return [task["id"] for task in (await api("GET", "/users/ada/tasks", **params))[1]["items"]]

    assert await ids(status="open") == ["play", "rent"]
    assert await ids(status="done") == ["done"]
    assert await ids(project="home") == ["done", "rent"]
    assert await ids(project="bens") == []


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/users/ada/tasks", "must be one of todo, in_progress, blocked, done, open"),
        ("/users/ada/projects", "must be one of active, paused, completed, archived"),
    ],
)
async def test_a_list_of_an_unknown_status_is_refused(
    api: Api, ada: Workspace, path: str, allowed: str
) -> None:
    status, body = await api("GET", path, status="weird")
    assert (status, body["details"]) == (422, {"status": allowed})


@pytest.mark.parametrize("cursor", ["x", "cjE", "c-1", "szE", "é", "c" * 100, "c3_9"])
async def test_a_cursor_that_was_not_given_is_refused(api: Api, cursor: str) -> None:
    assert (await api("GET", "/users", cursor=cursor))[0] == 422


@pytest.mark.parametrize("limit", [0, 201, "x"])
async def test_a_page_has_between_1_and_200_items(api: Api, limit: Any) -> None:
    assert (await api("GET", "/users", limit=limit))[0] == 400


async def test_the_list_of_users_is_for_the_service(api: Api) -> None:
    assert [user["id"] for user in (await api("GET", "/users"))[1]["items"]] == ["ben", "ada"]
    assert (await api("GET", "/users", by="ada"))[0] == 403
    assert (await api("POST", "/users", {"id": "x"}, by="ada"))[0] == 403
    assert (await api("DELETE", "/users/ada", by="ada"))[0] == 403
