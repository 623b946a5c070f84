"""How a command that fails says so: sentences for people, one JSON document with `--json`.

The rules: docs/spec.md#cli-errors.
"""

from collections.abc import Sequence
from typing import IO, Any

import click

from buildos_box.cli import exit_codes
from buildos_box.cli.output import clean

Json = dict[str, Any]


class Failed(click.ClickException):
    """A command failed: its sentence, a code for programs, and the fields at fault, if any.

    `hint` is for people only and says what to do.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str,
        exit_code: int = exit_codes.FAILED,
        details: Sequence[Json] = (),
        hint: str = "",
        correlation_id: str = "",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.exit_code = exit_code  # type: ignore[misc] # click reads it from the instance
        self.details = list(details)
        self.hint = hint
        self.correlation_id = correlation_id

    def show(self, file: IO[Any] | None = None) -> None:
        """The reason for people: each invalid field on its own line, else the sentence."""
        faults = [
            f"{detail['where']}: {_fault(detail)}" if "where" in detail else _fault(detail)
            for detail in self.details
        ]
        for line in [*(faults or [self.message]), *([self.hint] if self.hint else [])]:
            click.echo(clean(line), err=True, file=file)


def _fault(detail: Json) -> str:
    return f"{detail.get('field')}: {detail.get('message')}"


def as_json(error: click.ClickException) -> Json:
    """A failure in the shape of the API's errors."""
    usage = "usage" if isinstance(error, click.UsageError) else "failed"
    shape: Json = {
        "error": error.message if isinstance(error, Failed) else error.format_message(),
        "code": getattr(error, "code", usage),
    }
    if details := getattr(error, "details", None):
        shape["details"] = details
    if correlation_id := getattr(error, "correlation_id", ""):
        shape["correlationId"] = correlation_id
    return shape
