"""Searching everything that a person wrote (docs/spec.md#search)."""

from typing import Any

import pytest

from tests.world import BoxWorld


async def furnish(box: BoxWorld) -> None:
    await box.person("ada")
    await box.sync(
        projects=[{"id": "attic", "userId": "ada", "name": "Attic", "description": "roof"}],
        tasks=[{"id": "lamp", "projectId": "attic", "title": "Buy a LäMP",
                "dueDate": "2024-10-30"}],
        notes=[{"id": "idea", "projectId": "attic", "content": "A lamp over the stairs"}],
        events=[{"id": "visit", "userId": "ada", "title": "Roofer", "location": "Attic",
                 "startAt": "2024-10-24T12:00:00Z"}],
    )  # fmt: skip


async def found(box: BoxWorld, text: str, user: str = "ada") -> list[tuple[str, str]]:
    items: list[Any] = (await box.get(f"/users/{user}/search", params={"q": text}))["items"]
    return [(item["kind"], item["id"]) for item in items]


async def test_every_kind_of_thing_is_found(box: BoxWorld) -> None:
    await furnish(box)
    assert set(await found(box, "attic")) == {("project", "attic"), ("event", "visit")}
    assert await found(box, "lamp") == [("task", "lamp"), ("note", "idea")]


async def test_beginnings_and_accents_are_found_and_all_words_count(box: BoxWorld) -> None:
    await furnish(box)
    assert await found(box, "Stai") == [("note", "idea")]
    assert ("task", "lamp") in await found(box, "lämp")
    assert await found(box, "lamp stairs") == [("note", "idea")]


NO_COMMANDS = ["", "  ", '"', "NOT", "a OR b)", "owner:616461", "*", "{title}:x"]


@pytest.mark.parametrize("text", NO_COMMANDS)
async def test_no_text_is_a_command(box: BoxWorld, text: str) -> None:
    await furnish(box)
    await found(box, text)


async def test_nobody_finds_what_others_wrote(box: BoxWorld) -> None:
    await furnish(box)
    await box.person("ad")
    assert await found(box, "lamp", "ad") == []


async def test_what_changes_or_goes_is_found_as_it_is(box: BoxWorld) -> None:
    await furnish(box)
    await box.call("PATCH", "/tasks/lamp", {"title": "Buy a ladder"})
    assert await found(box, "ladder") == [("task", "lamp")]
    assert await found(box, "lamp") == [("note", "idea")]
    await box.call("DELETE", "/projects/attic")
    assert await found(box, "ladder") == await found(box, "stairs") == []


async def test_a_result_says_where_it_leads(box: BoxWorld) -> None:
    await furnish(box)
    (item,) = (await box.get("/users/ada/search", params={"q": "stairs"}))["items"]
    assert (item["projectId"], item["excerpt"]) == ("attic", "A lamp over the stairs")
    task = (await box.get("/users/ada/search", params={"q": "buy"}))["items"][0]
    assert (task["status"], task["day"], task["at"]) == ("todo", "2024-10-30", None)


async def test_words_of_an_erased_person_are_gone_from_the_index(box: BoxWorld) -> None:
    await furnish(box)
    await box.call("DELETE", "/users/ada")
    rows = await box.db.all("SELECT block FROM workspace_search_data")
    assert rows
    assert not any(b"stairs" in row["block"] or b"616461" in row["block"] for row in rows)
