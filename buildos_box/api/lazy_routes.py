"""Routes whose handlers Litestar examines at their first request instead of at the start.

For some two hundred handlers that takes a fifth of the time to start, and memory for each. What a
handler declares wrongly is found when the OpenAPI description is made, which a test does.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from litestar import Litestar
from litestar.exceptions import ImproperlyConfiguredException
from litestar.handlers import HTTPRouteHandler
from litestar.routes import BaseRoute, HTTPRoute

from buildos_box.api.api_route import ApiRoute, Provider

if TYPE_CHECKING:
    from _collections_abc import dict_items

Entry = tuple[HTTPRouteHandler, Any]
"""A handler, and Litestar's model of its arguments."""


class LazyHandlers(dict[str, Entry]):
    """The handlers of a route by method, each examined when it is first asked for."""

    def __init__(self, app: Litestar, route: HTTPRoute) -> None:
        super().__init__()
        self._app = app
        self._path_parameters = route.path_parameters
        self._handlers = by_method(route)

    def __missing__(self, method: str) -> Entry:
        handler = self._handlers[method]
        handler.on_registration(self._app)
        entry = handler, handler.create_kwargs_model(path_parameters=self._path_parameters)
        for each in handler.http_methods:
            self[each] = entry
        return entry

    def items(self) -> "dict_items[str, Entry]":
        """All of them, examined."""
        for method in self._handlers:
            self[method]
        return super().items()


def register_lazily(app: Litestar, providers: Mapping[str, Provider]) -> None:
    """Make the application's routes known to its router and plugins.

    Raises ImproperlyConfiguredException for a route that is not of HTTP, and if two handlers answer
    the same.
    """
    http = [
        ApiRoute(app, route.path, _of_http(route).route_handlers, providers) for route in app.routes
    ]
    app.routes[:] = http
    for route in http:
        for handler in route.route_handlers:
            # Whether it is public may stand at its router.
            handler.resolve_opts()
        # Routing needs no more of a handler than itself.
        known: dict[Any, Any] = {name: (one, None) for name, one in by_method(route).items()}
        route.route_handler_map = known
        for plugin in app.plugins.receive_route:
            plugin.receive_route(route)
    app.asgi_router.construct_routing_trie()
    for route in http:
        route.route_handler_map = LazyHandlers(app, route)  # type: ignore[assignment]


def _of_http(route: BaseRoute) -> HTTPRoute:
    if not isinstance(route, HTTPRoute):
        raise ImproperlyConfiguredException(f"only HTTP is served, but {route.path} is not of HTTP")
    return route


def by_method(route: HTTPRoute) -> dict[Any, HTTPRouteHandler]:
    """The handlers of a route, each by each of its methods.

    Raises ImproperlyConfiguredException if two answer the same one.
    """
    found: dict[Any, HTTPRouteHandler] = {}
    for handler in route.route_handlers:
        for method in handler.http_methods:
            if found.setdefault(method, handler) is not handler:
                raise ImproperlyConfiguredException(f"two handlers of {method} {route.path}")
    return found
