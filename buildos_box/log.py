"""Structured logs, for people or as JSON, without secrets and whole phone numbers.

Every line carries the correlation id of its cause. The rules: docs/spec.md#logs.
"""

import json
import logging
import logging.handlers
import re
import sys
from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager, nullcontext
from contextvars import Token
from pathlib import Path
from typing import Any, NamedTuple

import structlog
from structlog.contextvars import (
    bind_contextvars,
    bound_contextvars,
    merge_contextvars,
    reset_contextvars,
)

_TOKEN = re.compile(r"bos_[A-Za-z0-9]+_[A-Za-z0-9]+")
_PHONE = re.compile(r"(?<![\w.+-])((?:\+|%2B)[1-9]\d{3})\d{3,8}(\d{4})\b")
_SECRET_KEYS = frozenset({"authorization", "password", "token", "secret", "api_key", "auth_token"})

RECENT_LINES = 5_000
LONGEST_LINE = 4_000
LINES_PER_MINUTE = 30
MOST_REMEMBERED = 1_000

Event = MutableMapping[str, Any]


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of a module; call it with an event name and key-value pairs."""
    log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return log


@contextmanager
def correlated(correlation_id: str | None, **facts: str) -> Iterator[None]:
    """Put the correlation id (and other facts) on every line logged inside the block."""
    bound = {**facts, **({"correlation_id": correlation_id} if correlation_id else {})}
    with bound_contextvars(**bound):
        yield


Bound = Mapping[str, Token[Any]]
"""What was on every line before."""


def correlate(correlation_id: str, **facts: str) -> Bound:
    """The same until `uncorrelate`, or for the rest of a task, which has a context of its own."""
    return bind_contextvars(correlation_id=correlation_id, **facts)


def uncorrelate(before: Bound) -> None:
    """End what `correlate` began, in the same context."""
    reset_contextvars(**before)


def mask_phone(text: str) -> str:
    """`+14155552671` becomes `+1415•••2671`."""
    return _PHONE.sub(r"\1•••\2", text)


def redact(text: str) -> str:
    """The text without bearer tokens and without the middle of phone numbers."""
    return mask_phone(_TOKEN.sub("bos_[redacted]", text))


def _redact_event(_logger: Any, _method: str, event: Event) -> Event:
    for key, value in event.items():
        if key in _SECRET_KEYS:
            event[key] = "[redacted]"
        elif isinstance(value, str):
            event[key] = redact(value)
    return event


class Throttle(logging.Filter):
    """Keeps warnings and errors of one kind, which an attacker may cause at will, from a full disk.

    A kind is the logger and the event's name (or the message before its values are put in). The
    first line of a kind after a minute in which some were left out says how many.
    """

    def __init__(self, lines_per_minute: int = LINES_PER_MINUTE) -> None:
        super().__init__()
        self._most = lines_per_minute
        self._seen: OrderedDict[tuple[str, str], list[int]] = OrderedDict()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write it; adds `left_out` to the first line after a gap."""
        if record.levelno < logging.WARNING:
            return True
        kind = (record.name, _name_of(record.msg))
        minute = int(record.created // 60)
        seen = self._seen.setdefault(kind, [minute, 0])
        if seen[0] != minute:
            left_out, seen[:] = max(0, seen[1] - self._most), [minute, 0]
            if left_out:
                _say(record, left_out)
        seen[1] += 1
        self._seen.move_to_end(kind)
        while len(self._seen) > MOST_REMEMBERED:
            self._seen.popitem(last=False)
        return seen[1] <= self._most


def _name_of(message: Any) -> str:
    name = message.get("event", "") if isinstance(message, dict) else message
    return str(name)[:200]


def _say(record: logging.LogRecord, left_out: int) -> None:
    if isinstance(record.msg, dict):
        record.msg["left_out"] = left_out
    else:
        record.msg = f"{record.msg} ({left_out} more of these were left out)"


class LogLine(NamedTuple):
    """A line of the log, without secrets; `number` counts from the start of the process."""

    number: int
    level: int
    correlation_id: str | None
    job_id: str | None
    text: str
    """The line as JSON: `timestamp`, `level`, `logger`, `event` and its facts."""


class RecentLines(logging.Handler):
    """The newest lines of the process, in memory (docs/spec.md#log-tail)."""

    def __init__(self, most: int = RECENT_LINES) -> None:
        super().__init__()
        self._lines: deque[LogLine] = deque(maxlen=most)
        self._number = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line; the oldest one goes."""
        text = self.format(record)
        facts = json.loads(text)
        if len(text) > LONGEST_LINE:
            facts = {name: str(value)[: LONGEST_LINE // 4] for name, value in facts.items()}
            text = json.dumps(facts, ensure_ascii=False)
        self._number += 1
        self._lines.append(
            LogLine(
                self._number,
                record.levelno,
                facts.get("correlation_id"),
                facts.get("job_id"),
                text,
            )
        )

    def newest(
        self,
        *,
        after: int = 0,
        level: int = logging.DEBUG,
        text: str | None = None,
        correlation_id: str | None = None,
        job_id: str | None = None,
        limit: int,
    ) -> list[LogLine]:
        """The newest lines after that number that match all, oldest first; `level` is the least."""
        found: list[LogLine] = []
        sought = text.lower() if text else None
        with self.lock or nullcontext():
            lines = list(self._lines)
        for line in reversed(lines):
            if line.number <= after or len(found) == limit:
                break
            if (
                line.level >= level
                and (correlation_id is None or line.correlation_id == correlation_id)
                and (job_id is None or line.job_id == job_id)
                and (sought is None or sought in line.text.lower())
            ):
                found.append(line)
        return found[::-1]

    @property
    def last_number(self) -> int:
        """The number of the newest line; 0 before the first."""
        return self._number


recent = RecentLines()
"""What `GET /log` tells; like logging itself there is one of it in the process."""


def configure(*, fmt: str = "console", level: str = "INFO", file: Path | None = None) -> None:
    """Set up logging for the process: `fmt` is `console` or `json`; `file` adds a rotating one."""
    shared: list[structlog.types.Processor] = [
        merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    as_json = structlog.processors.JSONRenderer(ensure_ascii=False)
    renderer: structlog.types.Processor = (
        as_json if fmt == "json" else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    recent.setFormatter(_formatter(shared, as_json))
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    if file is not None:
        handlers.append(
            logging.handlers.RotatingFileHandler(file, maxBytes=10_000_000, backupCount=5)
        )
    for handler in handlers:
        handler.setFormatter(_formatter(shared, renderer))
    handlers.append(recent)
    root = logging.getLogger()
    root.handlers = handlers
    for handler in handlers:
        handler.filters = [Throttle()]
    set_level(level)


def set_level(level: str) -> None:
    """Log nothing below that level from now on."""
    root = logging.getLogger()
    root.setLevel(level.upper())
    # These log every step of every task at INFO, which the job store stores anyway; Twilio's client
    # logs whole requests with phone numbers.
    for noisy in (
        "huey",
        "huey.consumer",
        "httpx",
        "httpcore",
        "aiosqlite",
        "uvicorn.access",
        "twilio.http_client",
        # These log addresses, which have keys in them.
        "urllib3",
    ):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))
    # At every level it names topics and targets; what comes of a message is told by its job.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)


def _formatter(
    shared: list[structlog.types.Processor], renderer: structlog.types.Processor
) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _redact_event,
            renderer,
        ],
    )
