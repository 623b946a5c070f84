"""What handlers may ask for by the names of their arguments.

Litestar resolves dependencies that do not depend on each other as tasks of a group, which takes
longer than most requests. So those that handlers ask for together name the one before them.
"""

from collections.abc import Callable, Iterable
from typing import Any

from litestar import Request
from litestar.di import Provide
from litestar.types import Scope

from buildos_box.api.correlation import correlation_of
from buildos_box.auth.caller import Caller
from buildos_box.auth.idempotency import provide_idempotent_request
from buildos_box.services import Services


def provide_correlation(scope: Scope, services: Services) -> str:
    """The correlation id, for handlers that pass it on to jobs."""
    return correlation_of(scope)


def provide_caller(request: Request[Any, Any, Any], correlation_id: str) -> Caller:
    """The caller that the guard recognised."""
    caller: Caller = request.scope["state"]["caller"]
    return caller


def dependencies(part: Callable[[str], Any], names: Iterable[str]) -> dict[str, Provide]:
    """The providers of all dependencies; `part` gives the one of that name."""
    return {
        **{name: _provide(part, name) for name in names},
        "correlation_id": Provide(provide_correlation, sync_to_thread=False),
        "caller": Provide(provide_caller, sync_to_thread=False),
        "idempotent": Provide(provide_idempotent_request),
    }


def _provide(part: Callable[[str], Any], name: str) -> Provide:
    return Provide(lambda: part(name), sync_to_thread=False)
