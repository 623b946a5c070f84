"""Structured logs, for people or as JSON, without secrets and whole phone numbers.

Every line carries the correlation id of its cause. The rules: docs/spec.md#logs.
"""

import logging
import logging.handlers
import re
import sys
from collections import OrderedDict
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog
from structlog.contextvars import bind_contextvars, bound_contextvars, merge_contextvars

_TOKEN = re.compile(r"bos_[A-Za-z0-9]+_[A-Za-z0-9]+")
_PHONE = re.compile(r"(?<![\w.+-])((?:\+|%2B)[1-9]\d{3})\d{3,8}(\d{4})\b")
_SECRET_KEYS = frozenset({"authorization", "password", "token", "secret", "api_key", "auth_token"})

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


def correlate(correlation_id: str, **facts: str) -> None:
    """The same for the rest of a task, which has a context of its own."""
    bind_contextvars(correlation_id=correlation_id, **facts)


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
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if fmt == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _redact_event,
            renderer,
        ],
    )
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    if file is not None:
        handlers.append(
            logging.handlers.RotatingFileHandler(file, maxBytes=10_000_000, backupCount=5)
        )
    root = logging.getLogger()
    root.handlers = handlers
    for handler in handlers:
        handler.addFilter(Throttle())
        handler.setFormatter(formatter)
    root.setLevel(level.upper())
    # These log every step of every task at INFO, which the ledger stores anyway; Twilio's client
    # logs whole requests with phone numbers.
    for noisy in (
        "huey",
        "huey.consumer",
        "httpx",
        "httpcore",
        "aiosqlite",
        "uvicorn.access",
        "twilio.http_client",
    ):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))
