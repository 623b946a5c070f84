"""Parts of libraries that a server never uses, kept out of its memory and of its start."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any

NEVER = ("greenlet", "pygments", "rich")
"""httpx's command line and structlog load these if they are installed, as the last two are for the
dashboard; both libraries do without."""
AT_FIRST_USE = ("difflib", "httpx", "pdb", "statistics", "yaml", "zipfile")
"""Three are for work that many a box seldom has; annotations that name them are in quotes, because
they would load them. Litestar imports pdb for its debugger, and yaml for OpenAPI in a form that
this API does not have; Python, to look for packages, the reader of ZIP files.
"""
_lock = threading.Lock()


@contextmanager
def left_out() -> Iterator[None]:
    """Inside the block these libraries seem not to be installed, or load when they are used.

    For the imports of a process that serves. Whoever imports them afterwards gets them.
    """
    for name in AT_FIRST_USE:
        sys.modules.setdefault(name, _AtFirstUse(name))
    with hidden(*NEVER):
        yield


@contextmanager
def hidden(*names: str) -> Iterator[None]:
    """Inside the block these libraries seem not to be installed, unless they are loaded already."""
    absent = [name for name in names if name not in sys.modules]
    for name in absent:
        sys.modules[name] = None  # type: ignore[assignment]  # so that importing it fails
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


class _AtFirstUse(ModuleType):
    """Stands for a module until something of it is asked for."""

    def __getattr__(self, name: str) -> Any:
        # Python itself looks for these while it imports; for `__path__` when it imports a part.
        if name.startswith("__") and name != "__path__":
            raise AttributeError(name)
        with _lock:
            if sys.modules.get(self.__name__) is self:
                del sys.modules[self.__name__]
        found = getattr(import_module(self.__name__), name)
        setattr(self, name, found)
        return found
