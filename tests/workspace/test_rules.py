"""What holds for each whole item, however little is given (docs/spec.md#workspace-data)."""

import contextlib
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildos_box.workspace import fields
from buildos_box.workspace.rules import cycles
from tests.workspace.conftest import ADA, RENT, STANDUP, Workspace


async def test_a_task_that_becomes_done_is_completed_now(ada: Workspace) -> None:
    await ada.sync(tasks=[{"id": "rent", "status": "done"}])
    assert (await ada.row("tasks", "rent"))["completed_at"] == "2024-10-23T08:00:00.000Z"


async def test_clearing_the_completion_of_a_done_task_does_not_move_it(ada: Workspace) -> None:
    done = {"id": "rent", "status": "done", "completedAt": None}
    await ada.sync(tasks=[done])
    ada.clock.advance(timedelta(hours=1))
    assert await ada.sync(tasks=[done]) == {"tasks": (0, 0, 1, 0)}


async def test_a_task_taken_up_again_is_no_longer_completed(ada: Workspace) -> None:
    await ada.sync(tasks=[{"id": "rent", "status": "done"}])
    await ada.sync(tasks=[{"id": "rent", "status": "todo"}])
    assert (await ada.row("tasks", "rent"))["completed_at"] is None


async def test_only_a_done_task_may_say_when_it_was_completed(ada: Workspace) -> None:
    faults = await ada.faults(tasks=[{"id": "rent", "completedAt": "2024-10-23T08:00:00Z"}])
    assert faults == {"tasks[0].completedAt": "only a task that is done has one"}


async def test_a_due_instant_takes_the_place_of_a_due_day_and_back(ada: Workspace) -> None:
    await ada.sync(tasks=[{"id": "rent", "dueDate": "2024-11-01"}])
    await ada.sync(tasks=[{"id": "rent", "dueAt": "2024-11-02T09:00:00Z"}])
    row = await ada.row("tasks", "rent")
    assert (row["due_date"], row["due_at"]) == (None, "2024-11-02T09:00:00.000Z")
    await ada.sync(tasks=[{"id": "rent", "dueDate": "2024-11-03"}])
    row = await ada.row("tasks", "rent")
    assert (row["due_date"], row["due_at"]) == ("2024-11-03", None)


async def test_a_task_is_not_due_both_ways_at_once(ada: Workspace) -> None:
    both = {**RENT, "dueDate": "2024-11-01", "dueAt": "2024-11-01T09:00:00Z"}
    assert (await ada.faults(tasks=[both])).keys() == {"tasks[0].dueAt"}


async def test_an_event_has_days_or_instants_as_all_day_says(ada: Workspace) -> None:
    await ada.sync(events=[{"id": "standup", "allDay": True, "startDate": "2024-10-23"}])
    row = await ada.row("events", "standup")
    assert (row["start_at"], row["end_at"], row["start_date"]) == (None, None, "2024-10-23")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"allDay": True}, "startDate"),
        ({"startAt": None}, "startAt"),
        ({"endAt": "2024-10-23T07:59:59Z"}, "endAt"),
        ({"allDay": True, "startDate": "2024-10-23", "endDate": "2024-10-22"}, "endDate"),
    ],
)
async def test_an_event_that_cannot_be_is_refused(
    ada: Workspace, change: dict[str, object], field: str
) -> None:
    faults = await ada.faults(events=[{**STANDUP, **change}])
    assert faults.keys() == {f"events[0].{field}"}


async def test_preferences_begin_with_the_defaults_of_the_spec(ada: Workspace) -> None:
    await ada.sync(preferences=[{"userId": "ada"}])
    row = await ada.row("preferences", "ada")
    assert (row["is_active"], row["frequency"], row["day_of_week"]) == (1, "daily", 1)
    assert (row["time_of_day"], row["days"]) == ("09:00", None)


async def test_all_faults_of_preferences_are_named_at_once(ada: Workspace) -> None:
    faults = await ada.faults(
        preferences=[
            {
                "userId": "ada",
                "isActive": "yes",
                "frequency": "hourly",
                "dayOfWeek": True,
                "days": [0, 7],
                "timeOfDay": "24:00",
            }
        ]
    )
    assert len(faults) == 5


@pytest.mark.parametrize(
    "text", ["9:00", "09:60", "09:00:60", "24:00", "0900", " 09:00", "09:00Z", "٠٩:٠٠", ""]
)
def test_a_wrong_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        fields.wall_time(text)


@given(st.times())
def test_a_time_of_day_is_kept_to_the_second(time: object) -> None:
    text = time.isoformat("seconds")  # type: ignore[attr-defined]
    read = fields.wall_time(text)
    assert read in (text, text.removesuffix(":00"))
    assert fields.wall_time(read) == read


@pytest.mark.parametrize(
    "text",
    [
        "2024-10-23",
        "2024-10-23T09:00:00",
        "2024-02-30T09:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "soon",
    ],
)
def test_an_instant_without_offset_or_out_of_reach_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        fields.instant(text)


@pytest.mark.parametrize(
    "text", ["a@b\nBcc: c@d", "a b@c", "a@", "@b", "a@b,c@d", "a" * 255 + "@b"]
)
def test_what_is_no_mail_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        fields.email(text)


@given(st.one_of(st.none(), st.integers(), st.text(), st.lists(st.integers()), st.floats()))
def test_readers_refuse_what_they_cannot_read_and_never_crash(value: object) -> None:
    for read in (
        *(fields.id_text, fields.flag, fields.day, fields.instant, fields.wall_time, fields.email),
        *(fields.week_day, fields.week_days, fields.country, fields.language, fields.known_zone),
        *(fields.text(10), fields.text(10, lines=True, empty=False), fields.one_of("a", "b")),
    ):
        with contextlib.suppress(ValueError):
            assert isinstance(read(value), str | int | None)


nodes = st.integers(0, 6).map(str)


@given(st.lists(st.tuples(nodes, nodes).filter(lambda edge: edge[0] < edge[1])))
def test_edges_that_all_point_one_way_close_no_circle(edges: list[tuple[str, str]]) -> None:
    assert cycles(edges[::2], edges[1::2]) == []


@given(st.lists(st.tuples(nodes, nodes).filter(lambda edge: edge[0] != edge[1]), max_size=15))
def test_without_the_edges_that_are_named_no_circle_is_left(edges: list[tuple[str, str]]) -> None:
    named = {edge for edge, _ in cycles([], edges)}
    rest = [edge for edge in edges if edge not in named]
    assert cycles([], rest) == []
    assert all(edge in edges for edge in named)


def test_only_the_added_edge_is_blamed_for_a_circle() -> None:
    found = cycles([("a", "b"), ("b", "c")], [("c", "a"), ("d", "a")])
    assert [edge for edge, _ in found] == [("c", "a")]


async def test_an_admin_is_made_by_sync_and_a_zone_may_be_cleared(ada: Workspace) -> None:
    await ada.sync(users=[{"id": "ada", "isAdmin": True, "timezone": None}])
    row = await ada.row("users", ADA["id"])
    assert (row["is_admin"], row["timezone"]) == (1, "UTC")
