"""How a request is handled once its route is known: Litestar's own way, without its detours.

The guards, the arguments and what they may be are Litestar's. Left out is what costs most and what
no route here uses: a stack of contexts for dependencies that must be cleaned up, resolving each
dependency as a coroutine of its own, checking the types of what this program itself provides, a
copy of the handler for each guard, and a response's objects around finished JSON. A handler that
needs more than that is handled by Litestar alone.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

from litestar import Litestar, Response
from litestar._kwargs import KwargsModel
from litestar.enums import HttpMethod, MediaType
from litestar.exceptions import ClientException, SerializationException
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from litestar.serialization import encode_json
from litestar.types import HTTPScope, Receive, Send
from litestar.types.empty import Empty
from msgspec import Struct

from buildos_box.api.request_body import ApiRequest

Kwargs = dict[str, Any]
_AS_THEY_ARE = frozenset({"data", "request", "scope"})
"""Arguments that need no conversion; the body is decoded into its type as it is read."""
_WITHOUT_BODY = frozenset({204, 304})
_NOT_CALLED_HERE = frozenset({HttpMethod.HEAD, HttpMethod.OPTIONS})
_JSON = b"application/json"


class Provider(NamedTuple):
    """How one argument is provided, from the request and from what was read out of it by then."""

    get: Callable[[ApiRequest, Kwargs], Any]
    awaited: bool = False


class Plan(NamedTuple):
    """How a handler's arguments are made, and whether its answer is JSON."""

    extractors: Sequence[Callable[[Kwargs, Any], Awaitable[None]]]
    """Litestar's functions that read arguments out of the request."""
    provided: Sequence[tuple[str, Provider]]
    """The arguments that this program provides, by name, in the order in which they are made."""
    names: frozenset[str]
    """The names of all arguments of the handler."""
    converts: bool
    """Whether the arguments must be converted to their types at every request."""
    converts_query: bool
    """Whether they must be at requests that have a query."""
    is_json: bool
    """Whether the answer is sent as JSON if the handler says nothing else."""


class ApiRoute(HTTPRoute):
    """One path with its handlers."""

    def __init__(
        self,
        app: Litestar,
        path: str,
        route_handlers: list[HTTPRouteHandler],
        providers: Mapping[str, Provider],
    ) -> None:
        super().__init__(path=path, route_handlers=route_handlers)
        self._app = app
        self._providers = providers
        self._plans: dict[str, Plan | None] = {}

    async def handle(self, scope: HTTPScope, receive: Receive, send: Send) -> None:  # type: ignore[override]
        """Ask the guards, call the handler, send its answer."""
        method = scope["method"]
        handler, model = self.route_handler_map[method]
        if method not in self._plans:
            self._plans[method] = _plan(handler, model, self._providers)
        plan = self._plans[method]
        if plan is None:
            await super().handle(scope, receive, send)
            return
        request = ApiRequest(scope, receive, send)
        for guard in handler.resolve_guards():
            await guard(request, handler)  # type: ignore[misc]
        data = await handler.fn(**await _arguments(plan, handler, request))
        status = handler.status_code
        if plan.is_json and type(data) is Response and _is_plain(data):
            status, data = data.status_code or status, data.content
        elif not plan.is_json or not isinstance(data, Struct | dict | list):
            response = await handler.to_response(app=self._app, data=data, request=request)
            await response(scope, receive, send)
            return
        body = encode_json(data)
        length = str(len(body)).encode()
        headers = [(b"content-type", _JSON), (b"content-length", length)]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})


def _is_plain(response: "Response[Any]") -> bool:
    return (
        response.media_type is None
        and response.status_code not in _WITHOUT_BODY
        and not (response.headers or response.cookies or response.background)
        and not response.response_type_encoders
        and isinstance(response.content, Struct | dict | list)
    )


async def _arguments(plan: Plan, handler: HTTPRouteHandler, request: ApiRequest) -> Kwargs:
    """What the handler is called with. Raises what Litestar does for values that do not fit."""
    kwargs: Kwargs = {}
    try:
        for extract in plan.extractors:
            await extract(kwargs, request)
    except SerializationException as error:
        raise ClientException(str(error)) from error
    if kwargs.get("data") is Empty:
        del kwargs["data"]
    for name, provider in plan.provided:
        value = provider.get(request, kwargs)
        kwargs[name] = await value if provider.awaited else value
    converts = plan.converts or (plan.converts_query and request.scope["query_string"])
    # A body that did not come is told, or replaced by its default, with the conversion.
    if converts or not kwargs.keys() >= plan.names:
        return handler.signature_model.parse_values_from_connection_kwargs(request, kwargs)
    return {name: kwargs[name] for name in plan.names}


def _plan(
    handler: HTTPRouteHandler, model: KwargsModel, providers: Mapping[str, Provider]
) -> Plan | None:
    """The plan for a handler that has been registered; None if it is left to Litestar."""
    parameters = handler.parsed_fn_signature.parameters
    wanted = [name for name in handler.resolve_dependencies() if name in parameters]
    if not providers.keys() >= set(wanted) or _is_special(handler, model):
        return None
    query = {param.field_name for param in model.expected_query_params}
    paths = {param.field_name for param in model.expected_path_params}
    converts = converts_query = False
    for name, field in parameters.items():
        if name in wanted or name in _AS_THEY_ARE or (name in paths and field.raw is str):
            continue
        if name in query and field.default is not Empty:
            converts_query = True
        else:
            converts = True
    return Plan(
        extractors=model.extractors,
        provided=[(name, one) for name, one in providers.items() if name in wanted],
        names=frozenset(parameters),
        converts=converts,
        converts_query=converts_query,
        is_json=not handler.media_type or handler.media_type == MediaType.JSON,
    )


def _is_special(handler: HTTPRouteHandler, model: KwargsModel) -> bool:
    return bool(
        handler.has_sync_callable
        or handler.status_code in _WITHOUT_BODY
        or handler.http_methods & _NOT_CALLED_HERE
        or handler.cache
        or handler.background
        or any(layer.after_request for layer in handler.ownership_layers)
        or handler.resolve_before_request()
        or handler.resolve_after_response()
        or handler.resolve_return_dto()
        or handler.resolve_response_cookies()
        or handler.resolve_response_headers()
        or handler.resolve_type_encoders()
        or handler.resolve_response_class() is not Response
        or handler.resolve_request_class() is not ApiRequest
        or model.expected_form_data
        or model.expected_msgpack_data
        or model.expected_data_dto
    )
