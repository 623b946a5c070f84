"""The process's log, turned on for a test."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from buildos_box.log import configure


@contextmanager
def logged() -> Iterator[None]:
    """Lines from INFO upwards are kept meanwhile; afterwards all is as before."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure(level="INFO")
    yield
    root.handlers = handlers
    root.setLevel(level)
