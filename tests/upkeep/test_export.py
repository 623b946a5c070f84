"""The document of a user's data, however long it is (docs/spec.md#person-erasure)."""

import io
import sqlite3
import tracemalloc
from contextlib import closing
from typing import Any

import msgspec

from buildos_box.upkeep.export_document import CHUNK, write_document
from buildos_box.upkeep.export_routes import MOST_IN_MEMORY
from buildos_box.upkeep.user_data_store import UserData
from tests.world import BoxWorld

TEXT = 'Zeile "eins"\n' + "ä" * 2_000


async def many_notes(box: BoxWorld, notes: int) -> list[dict[str, Any]]:
    made = [
        {"id": f"n{n}", "projectId": "p", "title": f"Note {n}", "content": TEXT}
        for n in range(notes)
    ]
    await box.sync(projects=[{"id": "p", "userId": "ada", "name": "P"}], notes=made)
    return made


async def test_a_document_longer_than_what_is_kept_in_memory_is_sent_whole(box: BoxWorld) -> None:
    await box.person()
    made = await many_notes(box, 300)
    before = {path.name for path in box.folder.iterdir()}
    answer = await box.call("GET", "/users/ada/export")
    assert answer.headers["content-type"] == "application/json"
    assert int(answer.headers["content-length"]) == len(answer.content) > MOST_IN_MEMORY
    notes = answer.json()["notes"]
    assert [{name: note[name] for name in made[0]} for note in notes] == made
    assert {path.name for path in box.folder.iterdir()} == before


async def test_values_are_shown_as_sync_takes_them_and_absent_ones_are_not(box: BoxWorld) -> None:
    await box.person()
    await box.sync(
        projects=[{"id": "p", "userId": "ada", "name": "P"}],
        tasks=[{"id": key, "projectId": "p", "title": key.upper()} for key in ("a", "b")],
        taskDependencies=[{"taskId": "a", "dependsOnId": "b"}],
        preferences=[{"userId": "ada", "days": [1, 0], "isActive": False}],
        events=[
            {"id": "e", "userId": "ada", "title": "E", "allDay": True, "startDate": "2024-10-25"}
        ],
    )
    document = await box.get("/users/ada/export")
    assert list(document)[:3] == ["exportedAt", "userId", "users"]
    assert document["userId"] == "ada"
    assert document["taskDependencies"] == [{"taskId": "a", "dependsOnId": "b"}]
    assert document["tasks"][0] == {
        "id": "a", "projectId": "p", "title": "A", "description": "", "status": "todo",
        "priority": "medium",
    }  # fmt: skip
    (preferences,), (event,) = document["preferences"], document["events"]
    assert preferences["days"] == [0, 1]
    assert [preferences["isActive"], event["allDay"], event["declined"]] == [False, True, False]
    assert preferences["isActive"] is event["declined"] is False
    assert document["notes"] == []
    assert list(document["records"]) == sorted(document["records"])
    assert [] not in document["records"].values()


async def test_records_are_the_rows_as_they_are_stored_without_secrets(box: BoxWorld) -> None:
    await box.person()
    await many_notes(box, 1)
    await box.post("/queue/brief", {"userId": "ada"})
    await box.work()
    records = (await box.get("/users/ada/export"))["records"]
    stored = [dict(row) for row in await box.db.all("SELECT * FROM queue_jobs ORDER BY id")]
    assert stored
    for row in stored:
        del row["lease_token"]
    assert sorted(records["queue_jobs"], key=lambda row: row["id"]) == stored


async def test_the_length_of_a_document_takes_no_memory(box: BoxWorld) -> None:
    await box.person()
    await many_notes(box, 1_500)
    path = box.folder / "box.sqlite3"

    class Counted(io.RawIOBase):
        size = 0

        def write(self, content: Any) -> int:
            self.size += len(content)
            return len(content)

    target = Counted()
    assert write_document(path, "ada", "now", target)  # type: ignore[arg-type]
    tracemalloc.start()
    assert write_document(path, "ada", "now", target)  # type: ignore[arg-type]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert target.size / 2 > 10 * CHUNK
    assert peak < 3 * CHUNK


async def test_of_nobody_nothing_is_written(box: BoxWorld) -> None:
    target = io.BytesIO()
    assert not write_document(box.folder / "box.sqlite3", "ada", "now", target)
    assert target.getvalue() == b""


async def test_a_table_of_another_schema_is_found_too(box: BoxWorld) -> None:
    """Where a user's rows are is kept from one document to the next, as long as the schema is."""
    await box.person()
    path = box.folder / "box.sqlite3"
    with UserData.reading(path, "ada") as data:
        assert "additions" not in data.tables
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE additions (user_id TEXT, said TEXT)")
        db.execute("INSERT INTO additions VALUES ('ada', 'Hello')")
    target = io.BytesIO()
    write_document(path, "ada", "now", target)
    records = msgspec.json.decode(target.getvalue())["records"]
    assert records["additions"] == [{"user_id": "ada", "said": "Hello"}]


async def test_without_its_file_the_answer_says_so(box: BoxWorld) -> None:
    await box.person()
    path, moved = box.folder / "box.sqlite3", box.folder / "moved"
    path.rename(moved)
    answer = await box.call("GET", "/users/ada/export")
    moved.rename(path)
    assert (answer.status_code, answer.json()["code"]) == (503, "database_gone")
    assert (await box.call("GET", "/users/ada/export")).status_code == 200
