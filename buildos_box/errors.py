"""The one tree of errors.

BoxError                      code, HTTP status, a sentence for the person who reads it
├── Malformed          400    the request cannot be read
├── Unauthorized       401    no token, or one that is not valid
├── Forbidden          403    a valid token without the right
├── NotFound           404    nothing there, or nothing that this caller may know of
├── Conflict           409    clashes with what is there; may name the existing job
├── TooLarge           413    body over the limit
├── UnsupportedMedia   415    the body is not of a kind that this route takes
├── Unprocessable         422    readable, but cannot be: names each field
├── RateLimited        429    too many; says when to come back
├── Unavailable        503    draining, or the disk says no
├── IllegalTransition  409    a job is not in a state from which that can be done
├── LeaseLost                 the attempt no longer holds its job; its writes are void
├── PermanentError            a job fails for good: trying again cannot help
└── TransientError            a job may be tried again, perhaps not before `retry_after`

A job decides whether to retry by type, never by text.

The rules: docs/spec.md#retry-classes.
"""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class FieldFault:
    """A fault of one field, named as the caller wrote it (`options.timezone`)."""

    field: str
    message: str


class BoxError(Exception):
    """An error that is raised on purpose, with a code, an HTTP status and a sentence for people."""

    code = "internal_error"
    status = 500

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class _WithDetails(BoxError):
    def __init__(
        self, message: str, *, details: tuple[FieldFault, ...] = (), code: str | None = None
    ) -> None:
        super().__init__(message, code=code)
        self.details = details


class Malformed(_WithDetails):
    """The request cannot be read."""

    code = "malformed"
    status = 400


class Unprocessable(_WithDetails):
    """Well-formed but not possible; names each field."""

    code = "invalid"
    status = 422

    @classmethod
    def field(cls, field: str, message: str) -> "Unprocessable":
        """The error for one field."""
        return cls(f"{field}: {message}", details=(FieldFault(field, message),))


class Unauthorized(BoxError):
    """No token, or one that is not valid."""

    code = "unauthorized"
    status = 401


class Forbidden(BoxError):
    """The token is valid but does not allow this."""

    code = "forbidden"
    status = 403


class NotFound(_WithDetails):
    """Nothing is there, or nothing that this caller may know of."""

    code = "not_found"
    status = 404


class Conflict(BoxError):
    """Conflicts with what exists."""

    code = "conflict"
    status = 409

    def __init__(
        self, message: str, *, existing_job_id: str | None = None, code: str | None = None
    ) -> None:
        super().__init__(message, code=code)
        self.existing_job_id = existing_job_id


class IllegalTransition(Conflict):
    """The job's state does not allow this change."""

    code = "illegal_transition"


class TooLarge(BoxError):
    """The body is larger than this route accepts."""

    code = "too_large"
    status = 413


class UnsupportedMedia(BoxError):
    """The body has a media type that this route does not accept."""

    code = "unsupported_media_type"
    status = 415


class RateLimited(BoxError):
    """Too many requests; `retry_after` is how long to wait."""

    code = "rate_limited"
    status = 429

    def __init__(self, message: str, *, retry_after: timedelta) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(BoxError):
    """Not possible now: the server is draining, or cannot write."""

    code = "unavailable"
    status = 503


class LeaseLost(BoxError):
    """The attempt no longer holds its job; none of its writes takes effect."""

    code = "lease_lost"


class PermanentError(BoxError):
    """The job fails and is not retried."""

    code = "permanent"


class TransientError(BoxError):
    """The job may be retried, not before `retry_after` has passed if that is given."""

    code = "transient"

    def __init__(
        self, message: str, *, code: str | None = None, retry_after: timedelta | None = None
    ) -> None:
        super().__init__(message, code=code)
        self.retry_after = retry_after
