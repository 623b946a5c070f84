"""Whoever sends a test message by the command line hears how it ended."""

from typing import Any

import pytest

from buildos_box.cli.send_test_commands import PATIENCE_SECONDS
from buildos_box.jobs.job_type import JobType
from buildos_box.send_test.job import (
    SEND_TEST_CHAT,
    SEND_TEST_MAIL,
    SEND_TEST_PUSH,
    SEND_TEST_SMS,
)

ALL = (SEND_TEST_MAIL, SEND_TEST_SMS, SEND_TEST_PUSH, SEND_TEST_CHAT)


@pytest.mark.parametrize("job_type", ALL, ids=lambda one: one.name)
def test_a_test_message_is_given_up_before_the_command_line_stops_waiting(
    job_type: JobType[Any],
) -> None:
    assert job_type.timeout.total_seconds() < PATIENCE_SECONDS
    assert job_type.max_attempts == 1
