"""From `POST /queue/phases` to stored phases (docs/spec.md#phases)."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from buildos_box.realtime.changes import EventStored
from buildos_box.settings import LlmSettings, ProviderSettings, Settings
from tests.doubles.llm import Behaviour, Call, LlmDouble, garbage, ok
from tests.world import BoxWorld, open_world

ASK = {"userId": "ada", "projectId": "bath"}
TITLES = {"tiles": "Order tiles", "old": "Strip the old ones", "lay": "Lay tiles", "paint": "Paint"}


async def bathroom(world: BoxWorld) -> None:
    """Four tasks; laying waits for ordering and stripping, painting for laying."""
    await world.person()
    await world.sync(
        projects=[{"id": "bath", "userId": "ada", "name": "Bathroom", "dueDate": "2024-12-01"}],
        tasks=[{"id": key, "projectId": "bath", "title": title} for key, title in TITLES.items()],
        taskDependencies=[
            {"taskId": "lay", "dependsOnId": "tiles"},
            {"taskId": "lay", "dependsOnId": "old"},
            {"taskId": "paint", "dependsOnId": "lay"},
        ],
    )


def placed(seen: Any) -> list[list[str]]:
    return [phase["taskIds"] for phase in seen["phases"]]


def short_names(call: Call) -> dict[str, str]:
    """Title → the short name under which the model was told of it."""
    document = json.loads(re.search(r"<<<\S+\n(.*)\n\S+>>>", call.prompt, re.DOTALL)[1])  # type: ignore[index]
    return {task["title"]: task["id"] for task in document["tasks"]}


def planned(*phases: tuple[str, str], **more: Any) -> Behaviour:
    """An answer with those phases: name, and task ids of the test's, put as the model may know."""

    def act(_double: LlmDouble, handler: Any, call: Call) -> None:
        short = short_names(call)
        known = {key: short.get(title, key) for key, title in TITLES.items()}
        body = [
            {"name": name, "task_ids": [known.get(key, key) for key in keys.split()], **more}
            for name, keys in phases
        ]
        text = json.dumps({"phases": body, "tool": "delete_all"})
        handler.answer(
            200,
            {
                "choices": [{"message": {"content": text}, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 100, "completion_tokens": 20},
            },
        )

    return Behaviour("planned", act)


@pytest.fixture
def double() -> Iterator[LlmDouble]:
    with LlmDouble() as server:
        yield server


@pytest.fixture
async def smart(tmp_path: Path, double: LlmDouble) -> AsyncIterator[BoxWorld]:
    provider = ProviderSettings(name="double", base_url=double.url, model="m", price_in=1.0)
    settings = Settings(llm=LlmSettings(providers=(provider,)))
    async with open_world(tmp_path / "smart", settings=settings) as world:
        await bathroom(world)
        yield world


async def test_without_a_model_the_built_in_planner_plans(box: BoxWorld) -> None:
    await bathroom(box)
    before = await box.get("/projects/bath/phases")
    assert (before["plan"], before["phases"]) == (None, [])
    assert before["unplacedTaskIds"] == list(TITLES)
    queued = await box.post("/queue/phases", ASK)
    assert queued == {"success": True, "jobId": queued["jobId"]}
    job = await box.get(f"/jobs/{queued['jobId']}")
    assert (job["job_type"], job["priority"]) == ("generate_phases", 5)
    await box.work()
    seen = await box.get("/projects/bath/phases")
    assert placed(seen) == [["tiles", "old"], ["lay"], ["paint"]] or placed(seen) == [
        ["old", "tiles"],
        ["lay"],
        ["paint"],
    ]
    assert [phase["order"] for phase in seen["phases"]] == [1, 2, 3]
    assert seen["phases"][0]["name"] == "Order tiles and 1 more"
    assert seen["phases"][0]["description"] == (
        "Begin with “Order tiles”: another task waits for it."
    )
    assert seen["phases"][1]["tasks"] == [
        {"id": "lay", "title": "Lay tiles", "status": "todo", "dueDate": None}
    ]
    plan = seen["plan"]
    assert (plan["source"], plan["whyBuiltIn"]) == ("builtin", "not_configured")
    assert (plan["jobId"], plan["repairs"], plan["cycles"]) == (queued["jobId"], {}, [])
    assert seen["unplacedTaskIds"] == []
    assert (await box.get("/projects/bath"))["phasesGenerated"] is True
    job = await box.get(f"/jobs/{queued['jobId']}")
    assert job["status"] == "completed"
    assert job["result"] == {
        "projectId": "bath",
        "phases": 3,
        "tasks": 4,
        "source": "builtin",
        "repairs": {},
        "cycles": [],
    }


async def test_the_built_in_planner_writes_in_the_persons_language(box: BoxWorld) -> None:
    await bathroom(box)
    await box.call("PATCH", "/users/ada", {"locale": "de"})
    job_id = (await box.post("/queue/phases", ASK))["jobId"]
    await box.work()
    first = (await box.get("/projects/bath/phases"))["phases"][0]
    assert first["name"] == "Order tiles und 1 weitere"
    assert first["description"] == ("Fang mit „Order tiles“ an: Eine andere Aufgabe wartet darauf.")
    assert (await box.get(f"/jobs/{job_id}"))["progress"]["message"] == "Deine Phasen sind fertig"


async def test_a_model_plans_and_the_person_is_told(smart: BoxWorld, double: LlmDouble) -> None:
    double.default(
        planned(
            ("Get ready", "tiles old"), ("Build", "lay paint"), description="See ![p](http://x)"
        )
    )
    await smart.post("/queue/phases", ASK)
    await smart.work()
    seen = await smart.get("/projects/bath/phases")
    assert placed(seen) == [["tiles", "old"], ["lay", "paint"]]
    assert [p["name"] for p in seen["phases"]] == ["Get ready", "Build"]
    assert {p["description"] for p in seen["phases"]} == {"See"}
    plan = seen["plan"]
    assert (plan["source"], plan["whyBuiltIn"]) == ("double:m", None)
    assert (plan["tokensIn"], plan["costUsd"]) == (100, 0.0001)
    events = await smart.db.all("SELECT type, data FROM realtime_events ORDER BY id")
    ready = [json.loads(e["data"]) for e in events if e["type"] == "phases.ready"]
    assert [(e["projectId"], e["phases"]) for e in ready] == [("bath", 2)]
    (told,) = await smart.db.all("SELECT event_type, body, action_url FROM notifications")
    assert tuple(told) == ("project.phases_ready", "Bathroom", "/app#project-bath")


async def test_a_wrong_answer_is_repaired_and_that_is_told(
    smart: BoxWorld, double: LlmDouble
) -> None:
    double.default(planned(("One", "lay tiles ghost"), ("Two", "tiles paint")))
    await smart.post("/queue/phases", ASK)
    await smart.work()
    seen = await smart.get("/projects/bath/phases")
    assert placed(seen) == [["tiles", "old", "lay"], ["paint"]]
    assert seen["plan"]["repairs"] == {"invented": 1, "doubled": 1, "missing": 1}
    assert seen["plan"]["source"] == "double:m"


async def test_a_hopeless_answer_is_asked_for_once_more_and_then_the_planner_decides(
    smart: BoxWorld, double: LlmDouble
) -> None:
    wrong = planned(("One", "a b c d e f g h"))
    double.script(wrong, planned(("Get ready", "tiles old"), ("Build", "lay paint")))
    await smart.post("/queue/phases", ASK)
    await smart.work()
    demand = str(double.requests[1].body["messages"][-1]["content"])
    assert "t1, t2, t3, t4: must be in a phase but are in none" in demand
    assert "a, b, c, d, e, f, g, h: unknown tasks" in demand
    assert (await smart.get("/projects/bath/phases"))["plan"]["source"] == "double:m"
    double.default(wrong)
    await smart.post("/queue/phases", ASK)
    await smart.work()
    seen = await smart.get("/projects/bath/phases")
    assert (seen["plan"]["source"], seen["plan"]["whyBuiltIn"]) == ("builtin", "unavailable")
    assert seen["plan"]["tokensIn"] == 200
    assert len(seen["phases"]) == 3


async def test_an_answer_without_phases_is_asked_for_once_more(
    smart: BoxWorld, double: LlmDouble
) -> None:
    double.script(planned(), planned(("All", "tiles old lay paint")))
    await smart.post("/queue/phases", ASK)
    await smart.work()
    assert len(double.requests) == 2
    assert "there are no phases" in str(double.requests[1].body["messages"][-1]["content"])
    assert (await smart.get("/projects/bath/phases"))["plan"]["source"] == "double:m"


async def test_tasks_that_go_come_or_change_while_a_model_thinks(
    smart: BoxWorld, double: LlmDouble
) -> None:
    double.default(planned(("Get ready", "tiles old"), ("Build", "lay paint")))
    queued = await smart.post("/queue/phases", ASK)
    claimed = await smart.claim()
    assert claimed is not None
    original = planned(("Get ready", "tiles old"), ("Build", "lay paint"))
    arrived, go_on = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def act(server: LlmDouble, handler: Any, call: Call) -> None:
        loop.call_soon_threadsafe(arrived.set)
        asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(10)
        original.act(server, handler, call)

    double.script(Behaviour("waits", act))
    running = asyncio.create_task(smart.box.engine.runner.run(claimed, smart.box.services))
    await asyncio.wait_for(arrived.wait(), 10)
    progress = (await smart.get(f"/jobs/{queued['jobId']}"))["progress"]
    assert (progress["current"], progress["message"]) == (20, "Drafting phases")
    await smart.call("DELETE", "/tasks/old")
    await smart.sync(
        tasks=[{"id": "buy", "projectId": "bath", "title": "Buy a saw"}],
        taskDependencies=[{"taskId": "tiles", "dependsOnId": "buy"}],
    )
    go_on.set()
    await running
    await smart.db.write(lambda tx: None)
    seen = await smart.get("/projects/bath/phases")
    assert placed(seen) == [["buy", "tiles"], ["lay", "paint"]]


@pytest.mark.parametrize("goes", ["deleted", "to another person"])
async def test_a_project_that_goes_while_a_model_thinks_leaves_nothing(
    smart: BoxWorld, double: LlmDouble, goes: str
) -> None:
    good = planned(("All", "tiles old lay paint"))
    arrived, go_on = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def act(server: LlmDouble, handler: Any, call: Call) -> None:
        loop.call_soon_threadsafe(arrived.set)
        asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(10)
        good.act(server, handler, call)

    double.script(Behaviour("waits", act))
    queued = await smart.post("/queue/phases", ASK)
    claimed = await smart.claim()
    assert claimed is not None
    running = asyncio.create_task(smart.box.engine.runner.run(claimed, smart.box.services))
    await asyncio.wait_for(arrived.wait(), 10)
    await smart.call("DELETE", "/projects/bath")
    if goes == "to another person":
        await smart.person("bob")
        await smart.sync(
            projects=[{"id": "bath", "userId": "bob", "name": "Bathroom"}],
            tasks=[{"id": "tiles", "projectId": "bath", "title": "Order tiles"}],
        )
    go_on.set()
    await running
    await smart.db.write(lambda tx: None)
    job = await smart.get(f"/jobs/{queued['jobId']}")
    assert (job["status"], job["error"]) == ("failed", "the project is no longer there")
    assert await smart.db.all("SELECT 1 FROM phases") == []
    assert await smart.db.all("SELECT 1 FROM phase_plans") == []


async def test_new_phases_replace_the_old_ones_whole_and_later_tasks_are_told_of(
    smart: BoxWorld, double: LlmDouble
) -> None:
    double.script(planned(("One", "tiles old"), ("Two", "lay"), ("Three", "paint")))
    await smart.post("/queue/phases", ASK)
    await smart.work()
    double.script(planned(("All of it", "tiles old lay paint")))
    await smart.post("/queue/phases", ASK)
    await smart.work()
    assert [task["name"] for task in _document(double)["phases_before"]] == ["One", "Two", "Three"]
    await smart.sync(tasks=[{"id": "new", "projectId": "bath", "title": "Mirror"}])
    seen = await smart.get("/projects/bath/phases")
    assert [p["name"] for p in seen["phases"]] == ["All of it"]
    assert seen["unplacedTaskIds"] == ["new"]
    rows = await smart.db.all("SELECT count(*) AS n FROM phases")
    assert rows[0]["n"] == 1


def _document(double: LlmDouble) -> Any:
    prompt = double.requests[-1].prompt
    return json.loads(re.search(r"<<<\S+\n(.*)\n\S+>>>", prompt, re.DOTALL)[1])  # type: ignore[index]


async def test_a_finished_thought_is_not_paid_for_again(smart: BoxWorld, double: LlmDouble) -> None:
    double.script(planned(("All", "tiles old lay paint")))
    double.default(garbage())
    queued = await smart.post("/queue/phases", ASK)
    failures = iter([True])

    def fail_once(_tx: Any, event: EventStored) -> None:
        if event.type == "phases.ready" and next(failures, False):
            raise ConnectionError

    smart.db.subscribe(EventStored, fail_once)
    await smart.work()
    assert (await smart.get(f"/jobs/{queued['jobId']}"))["status"] == "queued_for_retry"
    assert (await smart.get("/projects/bath/phases"))["plan"] is None
    smart.clock.advance(timedelta(minutes=1))
    await smart.work()
    assert len(double.requests) == 1
    assert (await smart.get("/projects/bath/phases"))["plan"]["source"] == "double:m"


async def test_two_in_parallel_make_one_job_and_force_replaces_it(box: BoxWorld) -> None:
    await bathroom(box)
    answers = await asyncio.gather(*(box.call("POST", "/queue/phases", ASK) for _ in range(2)))
    good, clash = sorted(answers, key=lambda answer: answer.status_code)
    assert (good.status_code, clash.status_code) == (200, 409)
    assert clash.json()["existingJobId"] == good.json()["jobId"]
    assert len(await box.jobs()) == 1
    forced = await box.post("/queue/phases", {**ASK, "options": {"forceRegenerate": True}})
    await box.work()
    states = {}
    for job_id in (good.json()["jobId"], forced["jobId"]):
        states[job_id] = (await box.get(f"/jobs/{job_id}"))["status"]
    assert list(states.values()) == ["cancelled", "completed"]


async def test_anothers_project_and_an_unknown_one_answer_alike(box: BoxWorld) -> None:
    await bathroom(box)
    await box.person("bob")
    bobs = await box.token_for("user:bob")
    bob = {"userId": "bob", "projectId": "bath"}
    answers = [
        await box.call("POST", "/queue/phases", bob),
        await box.call("POST", "/queue/phases", bob, token=bobs),
        await box.call("POST", "/queue/phases", ASK, token=bobs),
        await box.call("POST", "/queue/phases", {**ASK, "projectId": "nope"}),
        await box.call("POST", "/queue/phases", {**ASK, "userId": "nobody"}),
        await box.call("GET", "/projects/bath/phases", token=bobs),
        await box.call("GET", "/projects/nope/phases"),
    ]
    said = {
        (a.status_code, json.dumps({k: v for k, v in a.json().items() if k != "correlationId"}))
        for a in answers  # whole bodies: nothing in them tells which it was
    }
    assert said == {
        (404, '{"error": "there is no such project", "code": "project_not_found", "details": []}')
    }
    assert await box.jobs() == []


async def test_a_project_without_tasks_and_a_mistyped_body_are_refused(box: BoxWorld) -> None:
    await box.person()
    await box.sync(projects=[{"id": "bare", "userId": "ada", "name": "Bare"}])
    bare = await box.call("POST", "/queue/phases", {"userId": "ada", "projectId": "bare"})
    assert (bare.status_code, bare.json()["details"]) == (
        422,
        [{"field": "projectId", "message": "the project has no task"}],
    )
    typed = await box.call("POST", "/queue/phases", {"userId": "ada", "projectId": 7})
    assert typed.status_code in (400, 422)
    assert "projectId" in typed.text
    assert await box.jobs() == []


async def test_a_project_too_large_for_a_model_is_planned_by_the_box(
    smart: BoxWorld, double: LlmDouble
) -> None:
    await smart.sync(
        tasks=[
            {"id": f"n{n}", "projectId": "bath", "title": f"Job {n}", "dueDate": "2024-11-11"}
            for n in range(400)
        ]
    )
    await smart.post("/queue/phases", ASK)
    await smart.work()
    assert double.requests == []
    seen = await smart.get("/projects/bath/phases")
    assert (seen["plan"]["source"], seen["plan"]["whyBuiltIn"]) == ("builtin", "too_many_tasks")
    assert sum(len(phase["taskIds"]) for phase in seen["phases"]) == 404


async def test_two_hundred_tasks_go_into_a_prompt_whole(smart: BoxWorld, double: LlmDouble) -> None:
    long = "What has to be done here is told at length. " * 40
    await smart.sync(
        tasks=[
            {"id": f"n{n}", "projectId": "bath", "title": f"Job {n}", "description": long}
            for n in range(196)
        ],
        taskDependencies=[
            {"taskId": f"n{n}", "dependsOnId": f"n{n - step}"}
            for step in (1, 3)
            for n in range(step, 150)
        ],
    )
    double.default(ok({"phases": [{"name": "All", "task_ids": [f"t{n}" for n in range(1, 201)]}]}))
    await smart.post("/queue/phases", ASK)
    await smart.work()
    assert len(_document(double)["tasks"]) == 200
    assert "n195" not in double.requests[0].prompt
    seen = await smart.get("/projects/bath/phases")
    assert (seen["plan"]["source"], len(seen["phases"][0]["taskIds"])) == ("double:m", 200)


async def test_phases_plan_in_the_owners_days(smart: BoxWorld, double: LlmDouble) -> None:
    """Due at nine in the morning of 10 March in Auckland is 9 March in UTC."""
    await smart.sync(
        users=[{"id": "ada", "timezone": "Pacific/Auckland"}],
        projects=[{"id": "bath", "dueDate": None}],
        tasks=[
            {"id": key, "dueAt": f"2025-03-{9 + index:02}T20:00:00Z"}
            for index, key in enumerate(("tiles", "old", "lay", "paint"))
        ],
    )
    double.default(planned(("Prepare", "tiles old"), ("Build", "lay paint")))
    await smart.post("/queue/phases", ASK)
    await smart.work()
    document = json.loads(
        re.search(r"<<<\S+\n(.*)\n\S+>>>", double.requests[0].prompt, re.DOTALL)[1]  # type: ignore[index]
    )
    assert [task["due"] for task in document["tasks"]] == [
        f"2025-03-{day}" for day in range(10, 14)
    ]
    seen = await smart.get("/projects/bath/phases")
    assert [phase["endDate"] for phase in seen["phases"]] == ["2025-03-11", "2025-03-13"]
    due = [task["dueDate"] for phase in seen["phases"] for task in phase["tasks"]]
    assert due == [f"2025-03-{day}" for day in range(10, 14)]
