"""What each tool asks of the box, and what it makes of the answer."""

from typing import Any

import pytest
from mcp.shared.exceptions import MCPError

from tests.mcp.conftest import Connect, call, refusal
from tests.world import BoxWorld


def ids(found: Any) -> list[str]:
    return [one["id"] for one in found["items"]]


async def test_a_brief_of_a_day_is_written_anew_if_asked_for(
    connect: Connect, box: BoxWorld
) -> None:
    async with connect() as client:
        assert "there is no brief yet" in await refusal(client, "get_brief")
        await call(client, "write_brief", date="2024-10-25")
        await box.work()
        first = await call(client, "get_brief", date="2024-10-25")
        assert (first["date"], first["timezone"]) == ("2024-10-25", "Europe/Berlin")
        assert first["written_at"] == "2024-10-23T08:00:00.000Z"
        assert [one["ref_id"] for one in first["do_first"]] == ["home"]
        same = await call(client, "write_brief", date="2024-10-25")
        assert same["alreadyCompleted"] is True
        again = await call(client, "write_brief", date="2024-10-25", again=True)
        assert again["jobId"] != same["jobId"]
        await call(client, "write_brief")
        await box.work()
        assert (await call(client, "get_brief"))["date"] == "2024-10-25"


async def test_events_come_page_by_page_and_go_for_good(connect: Connect, box: BoxWorld) -> None:
    await box.sync(
        events=[
            {"id": f"e{n:02}", "userId": "ada", "title": f"E{n}", "startAt": "2024-11-01T09:00:00Z"}
            for n in range(51)
        ]
    )
    async with connect() as client:
        first = await call(client, "list_events")
        assert len(first["items"]) == 50
        assert set(first["items"][0]) == {
            *("id", "title", "allDay", "startAt", "endAt", "startDate", "endDate"),
            *("status", "location"),
        }
        rest = await call(client, "list_events", cursor=first["next_cursor"])
        assert len({*ids(first), *ids(rest)}) == 51
        assert "next_cursor" not in rest
        assert len(ids(await call(client, "list_events", limit=2))) == 2
        days = {"first_day": "2024-11-01", "last_day": "2024-11-01", "limit": 100}
        assert len(ids(await call(client, "list_events", **days))) == 51
        days = {"first_day": "2024-11-02", "last_day": "2024-11-09"}
        assert ids(await call(client, "list_events", **days)) == []
        assert await call(client, "delete_event", event_id="e00") == {"deleted": "e00"}
        assert "e00" in await refusal(client, "delete_event", event_id="e00")
        made = await call(
            client, "add_event", title="Lunch", location="Park",
            start_at="2024-11-05T12:00:00Z", end_at="2024-11-05T13:00:00Z",
        )  # fmt: skip
        found = await call(client, "list_events", first_day="2024-11-05", last_day="2024-11-05")
        assert [(one["id"], one["location"]) for one in found["items"]] == [(made["id"], "Park")]


async def test_notes_show_how_they_begin_and_are_read_whole(
    connect: Connect, box: BoxWorld
) -> None:
    await box.sync(projects=[{"id": "work", "userId": "ada", "name": "Work"}])
    long = "word " * 100 + "end"
    async with connect() as client:
        note = await call(client, "add_note", project_id="work", title="Long", content=long)
        for n in range(10):
            await call(client, "add_note", project_id="home", title=f"N{n}", content="x")
        page = await call(client, "list_notes")
        assert len(page["items"]) == 10
        (last,) = (await call(client, "list_notes", cursor=page["next_cursor"]))["items"]
        assert (last["id"], last["projectId"], last["title"]) == (note["id"], "work", "Long")
        assert len(last["content"]) <= 300
        assert last["content"].endswith("word …")
        assert ids(await call(client, "list_notes", project_id="work")) == [note["id"]]
        assert (await call(client, "get_note", note_id=note["id"]))["content"].strip() == long


async def test_a_reminder_is_a_message_at_its_time(connect: Connect, box: BoxWorld) -> None:
    number = {"phone_number": "+14155550100", "phone_verified": True}
    await box.post("/sms/scheduled", {"userId": "ada", **number})
    async with connect() as client:
        await call(client, "remind_me", message="Tea is ready", at="2024-10-23T09:00:00Z")
    (job,) = await box.jobs(types=["send_sms"])
    assert job["scheduled_for"] == "2024-10-23T09:00:00.000Z"
    shown = await box.get("/sms/scheduled/user/ada")
    assert [one["message_content"] for one in shown["data"]] == ["Tea is ready"]


async def test_tasks_are_found_by_their_words_and_days_over_all_pages(
    connect: Connect, box: BoxWorld
) -> None:
    await box.sync(
        tasks=[
            {"id": f"t{n:03}", "projectId": "home", "title": f"Chore {n}"} for n in range(130)
        ]
        + [
            {"id": "late", "projectId": "home", "title": "Pay RENT", "dueDate": "2024-10-30"},
            {"id": "soon", "projectId": "home", "title": "Rent a car",
             "dueAt": "2024-10-24T09:00:00Z"},
            {"id": "gone", "projectId": "home", "title": "Old rent", "status": "done"},
        ]
    )  # fmt: skip
    await box.sync(projects=[{"id": "work", "userId": "ada", "name": "Work"}])
    async with connect() as client:
        found = await call(client, "find_tasks", text="rent")
        assert (ids(found), found["more"]) == (["soon", "late"], False)
        assert set(found["items"][0]) == {
            *("id", "title", "status", "priority", "dueDate", "dueAt", "projectId")
        }
        every = await call(client, "find_tasks")
        assert (ids(every)[:2], len(every["items"]), every["more"]) == (["soon", "late"], 25, True)
        two = await call(client, "find_tasks", text="rent", limit=2)
        assert (ids(two), two["more"]) == (["soon", "late"], False)
        assert (await call(client, "find_tasks", text="rent", limit=1))["more"] is True
        assert ids(await call(client, "find_tasks", due_until="2024-10-24")) == ["soon"]
        assert ids(await call(client, "find_tasks", due_until="2024-10-30")) == ["soon", "late"]
        assert ids(await call(client, "find_tasks", status="done")) == ["gone"]
        assert ids(await call(client, "find_tasks", project_id="work")) == []


async def test_a_task_is_changed_field_by_field_and_a_null_clears_its_date(
    connect: Connect, box: BoxWorld
) -> None:
    async with connect() as client:
        task = await call(
            client, "add_task", title="Paint", description="White", priority="low",
            project_id="home", due_at="2024-10-24T09:00:00Z",
        )  # fmt: skip
        key = {"task_id": task["id"]}
        whole = await call(client, "get_task", **key)
        assert (whole["description"], whole["priority"]) == ("White", "low")
        assert whole["dependsOn"] == []
        changed = await call(client, "change_task", **key, title="Paint it", status="blocked")
        assert (changed["title"], changed["status"]) == ("Paint it", "blocked")
        assert changed["dueAt"] == "2024-10-24T09:00:00.000Z"
        moved = await call(client, "change_task", **key, due_at=None, due_date="2024-10-25")
        assert (moved["dueAt"], moved["dueDate"]) == (None, "2024-10-25")
        cleared = await call(client, "change_task", **key, due_date=None)
        assert cleared["dueDate"] is None
        assert (await call(client, "finish_task", **key))["status"] == "done"
        assert await call(client, "delete_task", **key) == {"deleted": task["id"]}
        assert "there is no task" in await refusal(client, "get_task", **key)


async def test_projects_are_listed_planned_and_read(connect: Connect, box: BoxWorld) -> None:
    await box.sync(
        projects=[
            {"id": f"p{n:02}", "userId": "ada", "name": f"P{n}", "status": "archived"}
            for n in range(25)
        ],
        tasks=[{"id": "t1", "projectId": "home", "title": "Sweep"}],
    )
    async with connect() as client:
        page = await call(client, "list_projects")
        assert len(page["items"]) == 25
        rest = await call(client, "list_projects", cursor=page["next_cursor"])
        assert len({*ids(page), *ids(rest)}) == 26
        (home,) = (await call(client, "list_projects", status="active"))["items"]
        assert set(home) == {"id", "name", "status", "startDate", "dueDate"}
        assert len(ids(await call(client, "list_projects", limit=3))) == 3
        await call(client, "plan_project", project_id="home")
        await box.work()
        plan = await call(client, "get_plan", project_id="home")
        assert plan["project"]["name"] == "Home"
        assert [phase["taskIds"] for phase in plan["phases"]] == [["t1"]]


async def test_the_operator_finds_failed_jobs_and_runs_them_again(
    connect: Connect, box: BoxWorld
) -> None:
    for n in range(21):
        await box.post("/queue/test-sms", {"to": f"+141555501{n:02}"})
    await box.work()
    async with connect("admin") as client:
        page = await call(client, "find_jobs")
        assert len(page["items"]) == 20
        assert page["items"][0]["status"] == "failed"
        assert len(ids(await call(client, "find_jobs", cursor=page["next_cursor"]))) == 1
        assert len(ids(await call(client, "find_jobs", limit=3, text="not configured"))) == 3
        assert ids(await call(client, "find_jobs", status="completed")) == []
        assert ids(await call(client, "find_jobs", type="generate_phases")) == []
        key = {"job_id": page["items"][0]["id"]}
        await call(client, "pause_queue", lane="sms")
        await call(client, "retry_job", **key)
        whole = await call(client, "get_job", **key)
        assert whole["job"]["status"] == "pending"
        assert [one["error_code"] for one in whole["attempts"]] == ["sms_not_configured"]
        assert "paused" in str(await call(client, "why_job", **key))
        await call(client, "cancel_job", **key)
        assert (await call(client, "get_job", **key))["job"]["status"] == "cancelled"
        await call(client, "resume_queue", lane="sms")
        stats = await call(client, "queue_stats")
        assert stats["health"]["status"]
        assert stats["lanes"]["pauses"] == []


async def test_the_operator_sees_users_and_what_will_be_sent(
    connect: Connect, box: BoxWorld
) -> None:
    await box.sync(users=[{"id": f"u{n:02}", "name": f"U{n}"} for n in range(49)])
    await box.person("bob", at="09:00")
    async with connect("admin") as client:
        page = await call(client, "list_users")
        assert len(page["items"]) == 50
        assert set(page["items"][0]) == {"id", "name", "timezone"}
        assert len(ids(await call(client, "list_users", cursor=page["next_cursor"]))) == 2
        assert len(ids(await call(client, "list_users", limit=1))) == 1
        assert len((await call(client, "forecast"))["deliveries"]) == 1
        three = await call(client, "forecast", days=3, user="bob")
        assert [one["userId"] for one in three["deliveries"]] == ["bob"] * 3
        assert len((await call(client, "forecast", days=3, limit=2))["deliveries"]) == 2
        assert (await call(client, "forecast", user="mallory"))["deliveries"] == []


async def test_projects_are_resources_of_their_owner_alone(connect: Connect, box: BoxWorld) -> None:
    await box.sync(tasks=[{"id": "t1", "projectId": "home", "title": "Sweep <b>"}])
    uri = "buildos://users/ada/projects/home"
    async with connect() as client:
        (listed,) = (await client.list_resources()).resources
        assert (str(listed.uri), listed.name) == (uri, "Home")
        read = (await client.read_resource(uri)).contents[0]
        assert read.mime_type == "application/json"
        assert "Sweep \\u003cb>" in read.text  # type: ignore[union-attr]
        templates = (await client.list_resource_templates()).resource_templates
        assert [(one.name, one.uri_template, one.mime_type) for one in templates] == [
            ("brief", "buildos://users/{user}/briefs/{date}", "text/markdown"),
            ("project", "buildos://users/{user}/projects/{project}", "application/json"),
        ]
        with pytest.raises(MCPError, match="no resource"):
            await client.read_resource("buildos://users/mallory/projects/home")
    async with connect("admin") as client:
        assert (await client.list_resources()).resources == []
        assert (await client.read_resource(uri)).contents
        with pytest.raises(MCPError, match="there is no resource"):
            await client.read_resource("buildos://users/mallory/projects/home")


async def test_a_tool_says_what_it_does_and_whether_it_changes_anything(connect: Connect) -> None:
    async with connect("admin") as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    finish, delete, find = (tools[name] for name in ("finish_task", "delete_task", "find_tasks"))
    assert (finish.title, finish.description) == (
        "Finish a task",
        "Mark a task as done; one that is done already stays as it is.",
    )
    hints = [
        (tool.annotations.read_only_hint, tool.annotations.destructive_hint)
        for tool in (finish, delete, find)
        if tool.annotations is not None
    ]
    assert hints == [(False, False), (False, True), (True, False)]
    assert not {"title", "description"} & find.input_schema.keys()
    assert find.input_schema["properties"]["limit"]["maximum"] == 100
