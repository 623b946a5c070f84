"""What Litestar does around a handler is done for those that are called without its detours too."""

from typing import Any

import httpx
import msgspec
import pytest
from litestar import Litestar, Response, Router, get, websocket
from litestar.connection import WebSocket
from litestar.exceptions import ImproperlyConfiguredException
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin

from buildos_box.api.api_route import ApiRoute
from buildos_box.api.lazy_routes import register_lazily
from buildos_box.api.request_body import ApiRequest


class Name(msgspec.Struct):
    name: str


class Odd:
    """Nothing that JSON knows of by itself."""


class ForMsgspec(Litestar):
    """Without support for other kinds of types, as the API is."""

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return [*plugins, MsgspecDIPlugin()]


def app_of(*handlers: Any, **layer: Any) -> Litestar:
    app = ForMsgspec(
        route_handlers=handlers,
        request_class=ApiRequest,
        openapi_config=None,
        logging_config=None,
        **layer,
    )
    register_lazily(app, {})
    assert all(isinstance(route, ApiRoute) for route in app.routes)
    return app


async def answer_of(app: Litestar, path: str) -> httpx.Response:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app),  # type: ignore[arg-type]
        base_url="http://box",
    ) as client:
        return await client.get(path)


@get("/plain")
async def plain() -> Name:
    return Name("ada")


async def signed(response: Response[Any]) -> Response[Any]:
    response.headers["x-signed"] = "yes"
    return response


async def test_what_a_router_does_after_a_request_is_done() -> None:
    app = app_of(Router("/in", route_handlers=[plain], after_request=signed))
    answer = await answer_of(app, "/in/plain")
    assert (answer.json(), answer.headers.get("x-signed")) == ({"name": "ada"}, "yes")


async def test_what_the_application_does_after_a_request_is_done() -> None:
    answer = await answer_of(app_of(plain, after_request=signed), "/plain")
    assert (answer.json(), answer.headers.get("x-signed")) == ({"name": "ada"}, "yes")


async def test_a_response_is_encoded_with_its_own_encoders() -> None:
    @get("/odd")
    async def odd() -> Response[Any]:
        return Response({"is": Odd()}, type_encoders={Odd: lambda _: "odd"})

    answer = await answer_of(app_of(odd), "/odd")
    assert (answer.status_code, answer.text) == (200, '{"is":"odd"}')


def test_what_is_not_http_is_refused() -> None:
    @websocket("/socket")
    async def socket(socket: WebSocket[Any, Any, Any]) -> None: ...

    with pytest.raises(ImproperlyConfiguredException, match="/socket"):
        app_of(plain, socket)
