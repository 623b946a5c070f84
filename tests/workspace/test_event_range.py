"""The events of some days (docs/spec.md#event-range)."""

import pytest

from tests.world import BoxWorld


async def titles(box: BoxWorld, first: str, last: str) -> list[str]:
    query = {"from": first, "to": last}
    page = await box.get("/users/ada/calendar-events", params=query)
    assert page["nextCursor"] is None
    return [event["title"] for event in page["items"]]


async def furnish(box: BoxWorld) -> None:
    await box.person("ada", zone="Europe/Berlin")
    await box.sync(events=[
        {"id": "late", "userId": "ada", "title": "Late", "startAt": "2024-10-23T21:30:00Z",
         "endAt": "2024-10-23T22:30:00Z"},
        {"id": "next", "userId": "ada", "title": "Next", "startAt": "2024-10-24T09:00:00Z"},
        {"id": "fair", "userId": "ada", "title": "Fair", "allDay": True, "startDate": "2024-10-22",
         "endDate": "2024-10-24"},
        {"id": "off", "userId": "ada", "title": "Off", "startAt": "2024-10-24T10:00:00Z",
         "status": "cancelled"}])  # fmt: skip


async def test_days_are_those_of_the_persons_zone(box: BoxWorld) -> None:
    await furnish(box)
    assert await titles(box, "2024-10-23", "2024-10-23") == ["Fair", "Late"]
    assert await titles(box, "2024-10-24", "2024-10-24") == ["Late", "Next"]
    assert await titles(box, "2024-10-20", "2024-10-26") == ["Fair", "Late", "Next"]


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [
        ("2024-10-24", "2024-10-23", "to"),
        ("2024-10-01", "2024-12-02", "to"),
        ("x", "2024-10-01", "from"),
    ],
)
async def test_what_is_no_range_is_refused(
    box: BoxWorld, first: str, last: str, field: str
) -> None:
    await box.person("ada")
    query = {"from": first, "to": last}
    answer = await box.call("GET", "/users/ada/calendar-events", params=query)
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (422, field)
