"""snake_case is read as camelCase."""

import pytest

from buildos_box.field_names import camel_case, in_camel_case


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("task_id", "taskId"),
        ("due_at_2", "dueAt2"),
        ("a_b_c", "aBC"),
        ("taskId", "taskId"),
        ("_id", "_id"),
        ("a__b", "a__b"),
        ("A_B", "A_B"),
    ],
)
def test_a_name_in_camel_case(name: str, read: str) -> None:
    assert camel_case(name) == read


def test_a_name_that_was_sent_in_camel_case_wins() -> None:
    assert in_camel_case({"taskId": 1, "task_id": 2, "due_at": 3}) == {"taskId": 1, "dueAt": 3}
    assert in_camel_case({"task_id": 2, "taskId": 1}) == {"taskId": 1}
