"""A person's data: exported whole, and erased whole (docs/spec.md#person-erasure)."""

import json
from typing import Any

import pytest

from buildos_box.clock import from_text
from buildos_box.errors import PermanentError
from buildos_box.jobs import transitions
from buildos_box.jobs.retry import classify
from buildos_box.workspace.item_types import KINDS
from tests.world import BoxWorld

CANARY = "Zanzibar"
NINE = from_text("2024-10-23T09:00:00Z")
"""When the mail of that day's brief leaves."""
LISTS = [kind.name for kind in KINDS] + ["taskDependencies"]


async def busy_life(box: BoxWorld, user: str, word: str) -> None:
    """A user of whom nearly every room knows something."""
    await box.sync(
        users=[{"id": user, "email": f"{word.lower()}@example.org", "name": word}],
        preferences=[{"userId": user, "frequency": "custom", "days": [1, 3], "timeOfDay": "09:00"}],
        smsPreferences=[{"userId": user, "phoneNumber": "+14155550100", "phoneVerified": True,
                         "eventRemindersEnabled": True}],
        projects=[{"id": f"{user}-p", "userId": user, "name": f"{word} project"}],
        tasks=[{"id": f"{user}-t{n}", "projectId": f"{user}-p", "title": f"{word} task {n}",
                "dueDate": "2024-10-23"} for n in range(2)],
        taskDependencies=[{"taskId": f"{user}-t0", "dependsOnId": f"{user}-t1"}],
        notes=[{"id": f"{user}-n", "projectId": f"{user}-p", "content": f"{word} note"}],
        events=[{"id": f"{user}-e", "userId": user, "title": f"{word} event",
                 "startAt": "2024-10-23T12:00:00Z"}],
    )  # fmt: skip
    named = {"Idempotency-Key": f"{word}-brief"}
    await box.post("/queue/brief", {"userId": user}, headers=named)
    await box.post("/queue/onboarding", {"userId": user, "userContext": {
        "name": word, "description": f"{word} works", "goals": [f"{word} goal"]}})  # fmt: skip
    await box.work()
    box.clock.set(max(box.clock.now(), NINE))
    await box.work()


async def test_an_export_is_whole_and_can_be_imported_again(box: BoxWorld) -> None:
    await busy_life(box, "ada", CANARY)
    await busy_life(box, "bob", "Other")
    document = await box.get("/users/ada/export")
    assert document["records"]["daily_briefs"]
    assert document["records"]["emails"]
    assert document["records"]["job_attempts"]
    text = json.dumps(document)
    assert "Other" not in text
    assert "bob" not in text
    assert "unsubscribe_hash" not in text
    assert (await box.call("DELETE", "/users/ada")).status_code == 204
    await box.post("/sync", {name: document[name] for name in LISTS})
    again = await box.get("/users/ada/export")
    assert {name: again[name] for name in LISTS} == {name: document[name] for name in LISTS}


async def test_a_user_may_take_their_own_and_nobody_elses(box: BoxWorld) -> None:
    await box.person("ada")
    await box.person("bob")
    token = await box.token_for("user:ada")
    assert (await box.call("GET", "/users/ada/export", token=token)).status_code == 200
    assert (await box.call("GET", "/users/bob/export", token=token)).status_code == 404
    assert (await box.call("GET", "/users/nobody/export")).status_code == 404


@pytest.mark.parametrize("way", ["delete", "sync"])
async def test_of_an_erased_person_no_table_and_no_file_knows_a_word(
    box: BoxWorld, way: str
) -> None:
    await busy_life(box, "ada", CANARY)
    await busy_life(box, "bob", "Other")
    assert await _words_of(box)
    assert any(CANARY.encode() in file.read_bytes() for file in (box.folder / "outbox").iterdir())
    if way == "delete":
        assert (await box.call("DELETE", "/users/ada")).status_code == 204
    else:
        await box.sync(delete={"users": ["ada"]})
    assert await _words_of(box) == []
    for file in (box.folder / "outbox").iterdir():
        assert CANARY.encode() not in file.read_bytes()
    assert (await box.get("/users/bob/export"))["records"]["emails"]


async def _words_of(box: BoxWorld) -> list[tuple[str, dict[str, Any]]]:
    """Every row of every table that says the person's word, or their number or address."""
    found = []
    for table in await box.db.all("SELECT name FROM sqlite_master WHERE type = 'table'"):
        for row in await box.db.all(f'SELECT * FROM "{table["name"]}"'):
            text = json.dumps({name: str(row[name]) for name in dict(row)})
            if CANARY.lower() in text.lower():
                found.append((table["name"], dict(row)))
    return found


async def test_erasing_leaves_no_error_text_in_the_trail(box: BoxWorld) -> None:
    await busy_life(box, "ada", CANARY)
    await box.post("/queue/brief", {"userId": "ada", "forceRegenerate": True})
    claimed = await box.claim()
    assert claimed is not None
    failure = classify(PermanentError(f"550 5.1.1 {CANARY}: no such mailbox"))
    lease = (claimed.row_id, claimed.lease_token)
    await box.db.write(lambda tx: transitions.fail(tx, *lease, failure, box.clock.now()))
    assert (await box.call("DELETE", "/users/ada")).status_code == 204
    trail = await box.db.all("SELECT reason FROM job_events")
    assert trail
    assert not any(CANARY in (row["reason"] or "") for row in trail)
