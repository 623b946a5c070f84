"""The newest lines of the log over HTTP (docs/spec.md#log-tail)."""

import logging
from typing import Annotated, Any, Literal

import msgspec
from litestar import get
from litestar.params import Parameter, QueryParameter

from buildos_box.auth.scope_guard import NEEDS_ADMIN
from buildos_box.log import LogLine, recent

_OWN = ("timestamp", "level", "logger", "event", "correlation_id", "job_id")
Level = Literal["debug", "info", "warning", "error"]


class LogLineView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A line: when, how grave, what happened, and its facts."""

    number: int
    at: str
    level: str
    logger: str
    event: str
    correlation_id: str | None
    job_id: str | None
    facts: dict[str, Any]

    @classmethod
    def of(cls, line: LogLine) -> "LogLineView":
        """The view of one line."""
        said: dict[str, Any] = msgspec.json.decode(line.text)
        return cls(
            number=line.number,
            at=str(said.get("timestamp", "")),
            level=logging.getLevelName(line.level).lower(),
            logger=str(said.get("logger", "")),
            event=str(said.get("event", "")),
            correlation_id=line.correlation_id,
            job_id=line.job_id,
            facts={name: value for name, value in said.items() if name not in _OWN},
        )


class LogView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Lines, oldest first; `last_number` is that of the newest line of all."""

    lines: list[LogLineView]
    last_number: int


@get("/log", tags=["Health"], opt=NEEDS_ADMIN)
async def read_log(
    after: Annotated[
        int, Parameter(ge=0, description="Only lines after the one with this number.")
    ] = 0,
    level: Annotated[Level, Parameter(description="The least level.")] = "debug",
    text: Annotated[str | None, Parameter(description="With this text anywhere in it.")] = None,
    cause: Annotated[str | None, QueryParameter(name="correlationId")] = None,
    job: Annotated[str | None, Parameter(description="What one job logged.")] = None,
    limit: Annotated[int, Parameter(ge=1, le=5_000)] = 1_000,
) -> LogView:
    """The newest lines of this process, of 5,000 that are kept. Raises Forbidden."""
    found = recent.newest(
        after=after,
        level=logging.getLevelNamesMapping()[level.upper()],
        text=text,
        correlation_id=cause,
        job_id=job,
        limit=limit,
    )
    return LogView(lines=[LogLineView.of(line) for line in found], last_number=recent.last_number)


ROUTES: list[Any] = [read_log]
