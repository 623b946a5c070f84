"""Assembles the Litestar application from the routes of all features."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from litestar import Litestar, Router
from litestar.config.cors import CORSConfig
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.exceptions import (
    HTTPException,
    ImproperlyConfiguredException,
    ValidationException,
)
from litestar.handlers.base import BaseRouteHandler
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin
from litestar.routes import HTTPRoute
from litestar.types import ControllerRouterHandler
from litestar.types.internal_types import RouteHandlerMapItem

from buildos_box.api import openapi
from buildos_box.api.dependencies import dependencies, providers
from buildos_box.api.errors import (
    on_any_error,
    on_box_error,
    on_http_error,
    on_recursion,
    on_validation_error,
)
from buildos_box.api.health import HealthCheck
from buildos_box.api.job_counts import job_counts
from buildos_box.api.lazy_routes import by_method, register_lazily
from buildos_box.api.middleware import RequestLayer
from buildos_box.api.openapi_errors import document_refusals
from buildos_box.api.request_body import SHORT_BODY_BYTES, ApiRequest, with_body_limits
from buildos_box.api.request_metrics import HttpMeter
from buildos_box.auth.guard import guard
from buildos_box.auth.in_flight import RequestsInFlight, in_flight_guard
from buildos_box.auth.keyring import Keyring
from buildos_box.auth.rate_limits import READING, Authenticator
from buildos_box.auth.scope_guard import scope_guard
from buildos_box.auth.session_cookie import SessionCookie
from buildos_box.errors import BoxError, NotFound, Unavailable
from buildos_box.jobs.attempt_metrics import AttemptMeter
from buildos_box.jobs.crons import CronRegistry
from buildos_box.jobs.engine import Engine
from buildos_box.lazy_libraries import hidden
from buildos_box.mail.tracking_rate_limit import TrackingRateLimit
from buildos_box.realtime.hub import Hub
from buildos_box.realtime.tickets import Tickets
from buildos_box.services import Services
from buildos_box.settings.model import ServerSettings
from buildos_box.upkeep.reload import Reloader
from buildos_box.web.pages import page_routes
from buildos_box.workspace import store as workspace


def refuse_while_draining(connection: ASGIConnection[Any, Any, Any, Any]) -> None:
    """Refuse requests that change something while the server is stopping. Raises Unavailable."""
    engine: Engine = connection.app.state.engine
    if engine.storage.stopped and connection.scope["method"] not in READING:  # type: ignore[typeddict-item]
        raise Unavailable("the server is stopping; try again in a moment", code="draining")


async def refuse_unknown_user(connection: ASGIConnection[Any, Any, Any, Any]) -> None:
    """Refuse a path of a user that does not exist, before any route reads it. Raises NotFound."""
    user_id = connection.path_params.get("user_id")
    if user_id is None:
        return
    services: Services = connection.app.state.services
    if not await workspace.is_user(services.db, str(user_id)):
        raise NotFound(f"there is no user {user_id}")


async def all_guards(
    connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
) -> None:
    """Every guard in its order, as one, because Litestar copies the handler for each.

    Raises what they raise.
    """
    refuse_while_draining(connection)
    await guard(connection, handler)
    scope_guard(connection, handler)
    in_flight_guard(connection)
    await refuse_unknown_user(connection)


@dataclass(frozen=True, kw_only=True, slots=True)
class Parts:
    """What handlers work with: the parts of one box."""

    services: Services
    keyring: Keyring
    engine: Engine
    cron_registry: CronRegistry
    hub: Hub
    tickets: Tickets
    reloader: Reloader


class Api(Litestar):
    """Litestar for msgspec types alone: routes, and the box whose parts they are given.

    By itself Litestar loads its support for pydantic as soon as that is installed, which costs a
    fifth of the time to start and 10 MB for nothing.
    """

    def __init__(self, *, server: ServerSettings, routes: Sequence[Any], static: Path) -> None:
        """Every route is closed unless its own `opt` declares it public."""
        self._parts: Parts | None = None
        self._known: dict[str, RouteHandlerMapItem] = {}
        self._is_complete = False
        names = [field.name for field in fields(Parts)]
        handlers = with_body_limits([*routes, *page_routes(static)], server.max_body_bytes)
        document_refusals(handlers)
        with hidden("starlette"):  # whose errors Litestar would know, and which none raises here
            super().__init__(
                route_handlers=handlers,
                guards=[all_guards],
                dependencies=dependencies(self._part, names),
                signature_namespace={"Services": Services},
                exception_handlers={
                    BoxError: on_box_error,
                    ValidationException: on_validation_error,
                    HTTPException: on_http_error,
                    RecursionError: on_recursion,
                    Exception: on_any_error,
                },
                cors_config=_cors(server.cors_origins),
                request_class=ApiRequest,
                request_max_body_size=SHORT_BODY_BYTES,
                openapi_config=openapi.openapi_config(static, server.base_url),
                logging_config=None,
                debug=False,
            )
        register_lazily(self, providers(self._part, names))
        self._is_complete = True
        self._routing = self.asgi_handler

    def serve(self, parts: Parts) -> None:
        """Answer for that box from now on; nothing is kept of one served before."""
        self._parts = parts
        services = parts.services
        server, limits = services.settings.server, services.settings.limits
        monotonic = services.clock.monotonic
        meter = HttpMeter()
        in_flight = RequestsInFlight(
            limits.requests_in_flight_per_token, limits.requests_in_flight_per_service_token
        )
        self.state = State(
            {
                "engine": parts.engine,
                "services": services,
                "tickets": parts.tickets,
                "authenticator": Authenticator(
                    monotonic,
                    trusted_proxies=server.trusted_proxies,
                    failures_per_minute=server.wrong_tokens_per_minute,
                    user_requests_per_minute=server.user_requests_per_minute,
                ),
                "keyring": parts.keyring,
                "session_cookie": SessionCookie.of(server.public_url, services.secret),
                "http_meter": meter,
                "health_check": HealthCheck(services, parts.engine),
                "job_counts": job_counts(services.db),
                "tracking_rate_limit": TrackingRateLimit(
                    limits.tracking_hits_per_minute, monotonic
                ),
                "requests_in_flight": in_flight,
                "attempt_meter": AttemptMeter(services.db, services.clock),
            }
        )
        self.asgi_handler = RequestLayer(
            self._routing, clock=services.clock, ids=services.ids, meter=meter, in_flight=in_flight
        )

    def register(self, value: ControllerRouterHandler) -> None:  # type: ignore[override]
        """Add a handler; the constructor completes all of them together.

        Raises ImproperlyConfiguredException after that: it would never be asked.
        """
        if self._is_complete:
            raise ImproperlyConfiguredException(f"{value} was added after the start")
        for route in Router.register(self, value):
            if isinstance(route, HTTPRoute):
                known = self._known.setdefault(route.path, {})
                known.update(by_method(route))

    @property
    def route_handler_method_map(self) -> dict[str, RouteHandlerMapItem]:
        """Handlers by path and method, kept because Litestar asks for it with each handler."""
        return self._known

    def _part(self, name: str) -> Any:
        return getattr(self._parts, name)

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return [*plugins, MsgspecDIPlugin()]


def _cors(origins: Sequence[str]) -> CORSConfig | None:
    if not origins:
        return None
    return CORSConfig(
        allow_origins=list(origins),
        allow_headers=["Authorization", "Content-Type", "X-Correlation-Id", "Idempotency-Key"],
        expose_headers=["X-Correlation-Id"],
    )
