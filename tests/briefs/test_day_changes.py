"""What a brief tells of since yesterday."""

from tests.briefs.sample_days import part, task, wednesday

DONE = {"status": "done", "completed_at": "2024-10-22T15:00:00Z"}
NEW = {"created_at": "2024-10-22T18:00:00Z"}
OLD = [task(f"old{n}") for n in range(8)]


def test_nothing_is_said_of_a_day_without_changes() -> None:
    assert part(wednesday(tasks=OLD), "Since yesterday") == []


def test_what_was_done_is_named_and_the_rest_is_counted() -> None:
    facts = wednesday(tasks=[task(key, key.upper(), **DONE) for key in "abcde"])
    assert part(facts, "Since yesterday") == ["- Done: A, B, C and 2 more"]


def test_what_was_added_is_named_unless_the_brief_names_it_already() -> None:
    new = [
        task("later", "Paint", due_date="2024-12-01", **NEW),
        task("today", "Pay", due_date="2024-10-23", **NEW),
    ]
    facts = wednesday(tasks=[*OLD, *new])
    assert part(facts, "Since yesterday") == ["- Added: Paint and 1 more"]


def test_where_most_is_new_that_is_no_news() -> None:
    facts = wednesday(tasks=[task("a", due_date="2024-10-23", **NEW)])
    assert part(facts, "Since yesterday") == []


def test_what_was_moved_or_blocked_is_counted() -> None:
    facts = wednesday(
        tasks=[
            *OLD,
            task("m", due_date="2024-10-29", due_changed_at="2024-10-22T18:00:00Z"),
            task("b", status="blocked", blocked_at="2024-10-22T18:00:00Z"),
            task("free", blocked_at="2024-10-22T18:00:00Z"),
            task("before", due_date="2024-10-29", due_changed_at="2024-10-20T18:00:00Z"),
        ]
    )
    assert part(facts, "Since yesterday") == [
        "- 1 task moved to another day",
        "- 1 task newly blocked",
    ]
