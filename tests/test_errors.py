"""Each error has its code and HTTP status, and says what its caller needs."""

from datetime import timedelta

import pytest

from buildos_box import errors
from buildos_box.errors import BoxError, FieldFault

SHOWN = [
    (BoxError, "internal_error", 500),
    (errors.Malformed, "malformed", 400),
    (errors.Unauthorized, "unauthorized", 401),
    (errors.Forbidden, "forbidden", 403),
    (errors.NotFound, "not_found", 404),
    (errors.Conflict, "conflict", 409),
    (errors.IllegalTransition, "illegal_transition", 409),
    (errors.TooLarge, "too_large", 413),
    (errors.UnsupportedMedia, "unsupported_media_type", 415),
    (errors.Unprocessable, "invalid", 422),
    (errors.Unavailable, "unavailable", 503),
    (errors.LeaseLost, "lease_lost", 500),
    (errors.PermanentError, "permanent", 500),
    (errors.TransientError, "transient", 500),
]


@pytest.mark.parametrize(("kind", "code", "status"), SHOWN)
def test_an_error_has_a_code_a_status_and_a_sentence(
    kind: type[BoxError], code: str, status: int
) -> None:
    error = kind("it is full")
    assert (error.code, error.status, error.message, str(error)) == (
        code,
        status,
        "it is full",
        "it is full",
    )


@pytest.mark.parametrize(
    "kind", [kind for kind, _, status in SHOWN if status not in (413, 415)], ids=str
)
def test_a_code_of_its_own_wins(kind: type[BoxError]) -> None:
    assert kind("it is full", code="full").code == "full"


def test_a_fault_of_a_field_names_it() -> None:
    error = errors.Unprocessable.field("options.timezone", "is no zone")
    assert error.message == "options.timezone: is no zone"
    assert error.details == (FieldFault("options.timezone", "is no zone"),)
    assert errors.Unprocessable("no").details == errors.NotFound("no").details == ()


def test_what_comes_next_is_told() -> None:
    minute = timedelta(minutes=1)
    assert errors.RateLimited("too many", retry_after=minute).retry_after == minute
    assert errors.RateLimited("too many", retry_after=minute).status == 429
    assert errors.TransientError("busy", retry_after=minute).retry_after == minute
    assert errors.TransientError("busy").retry_after is None
    assert errors.Conflict("there is one", existing_job_id="job-1").existing_job_id == "job-1"
    assert errors.Conflict("there is one").existing_job_id is None
