"""What handlers may ask for by the names of their arguments.

`ApiRoute` gives them to most handlers. Where Litestar does, it resolves dependencies that do not
depend on each other as tasks of a group, which takes longer than most requests; so those that
handlers ask for together name the one before them.
"""

from collections.abc import Callable, Iterable
from typing import Any

from litestar import Request
from litestar.di import Provide
from litestar.types import Scope

from buildos_box.api.api_route import Provider
from buildos_box.api.correlation import correlation_of
from buildos_box.api.request_body import ApiRequest
from buildos_box.auth.caller import Caller
from buildos_box.auth.idempotency import IdempotentRequest, provide_idempotent_request
from buildos_box.services import Services


def provide_correlation(scope: Scope, services: Services) -> str:
    """The correlation id, for handlers that pass it on to jobs."""
    return correlation_of(scope)


def provide_caller(request: Request[Any, Any, Any], correlation_id: str) -> Caller:
    """The caller that the guard recognised."""
    return caller_of(request.scope)


def caller_of(scope: Any) -> Caller:
    """The caller that the guard recognised; a public route has none, and may not ask."""
    caller: Caller = scope["state"]["caller"]
    return caller


def dependencies(part: Callable[[str], Any], names: Iterable[str]) -> dict[str, Provide]:
    """What Litestar is told of all dependencies; `part` gives the one of that name."""
    return {
        **{name: _provide(part, name) for name in names},
        "correlation_id": Provide(provide_correlation, sync_to_thread=False),
        "caller": Provide(provide_caller, sync_to_thread=False),
        "idempotent": Provide(provide_idempotent_request),
    }


def providers(part: Callable[[str], Any], names: Iterable[str]) -> dict[str, Provider]:
    """The same for `ApiRoute`, which calls them directly."""
    return {
        **{name: _part(part, name) for name in names},
        "correlation_id": Provider(lambda request, _: correlation_of(request.scope)),
        "caller": Provider(lambda request, _: caller_of(request.scope)),
        "idempotent": Provider(_idempotent, awaited=True),
    }


def _part(part: Callable[[str], Any], name: str) -> Provider:
    return Provider(lambda _request, _kwargs: part(name))


async def _idempotent(request: ApiRequest, kwargs: dict[str, Any]) -> IdempotentRequest:
    key = kwargs.get("idempotency_key")
    return await provide_idempotent_request(request, caller_of(request.scope), key)


def _provide(part: Callable[[str], Any], name: str) -> Provide:
    return Provide(lambda: part(name), sync_to_thread=False)
