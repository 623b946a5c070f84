"""A line that is repeated at will fills no disk."""

import logging

from buildos_box.log import LINES_PER_MINUTE, Throttle


def line(second: float, message: object, level: int = logging.WARNING) -> logging.LogRecord:
    record = logging.LogRecord("server", level, __file__, 1, message, None, None)
    record.created = second
    return record


def test_the_first_lines_of_a_minute_are_written_and_the_rest_is_counted() -> None:
    throttle = Throttle()
    written = [throttle.filter(line(60.0, {"event": "refused", "n": n})) for n in range(1000)]
    assert written == [True] * LINES_PER_MINUTE + [False] * (1000 - LINES_PER_MINUTE)
    next_minute = line(121.0, {"event": "refused"})
    assert throttle.filter(next_minute)
    assert next_minute.msg == {"event": "refused", "left_out": 1000 - LINES_PER_MINUTE}


def test_another_event_is_written_all_the_same() -> None:
    throttle = Throttle()
    for _ in range(100):
        throttle.filter(line(60.0, {"event": "refused"}))
    assert throttle.filter(line(60.0, {"event": "damaged"}))
    assert throttle.filter(line(60.0, "accept failed: %s"))


def test_what_is_no_warning_is_never_held_back() -> None:
    throttle = Throttle()
    assert all(throttle.filter(line(60.0, {"event": "sent"}, logging.INFO)) for _ in range(100))
