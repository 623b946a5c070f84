"""Routes that are examined at their first request are still checked."""

from typing import Any

import pytest
from litestar import get
from litestar.exceptions import ImproperlyConfiguredException
from litestar.routes import HTTPRoute

from buildos_box import registry
from buildos_box.api.app import Api
from buildos_box.app import static_folder
from buildos_box.settings.model import ServerSettings


def api_with(*more: Any) -> Api:
    return Api(server=ServerSettings(), routes=[*registry.ROUTES, *more], static=static_folder())


def test_every_handler_can_be_examined() -> None:
    for route in api_with().routes:
        assert isinstance(route, HTTPRoute)
        for method, (handler, model) in route.route_handler_map.items():
            assert method in handler.http_methods
            assert model is not None


def test_two_handlers_of_one_path_and_method_are_refused() -> None:
    @get("/health")
    async def another() -> None: ...

    with pytest.raises(ImproperlyConfiguredException, match="two handlers of GET /health"):
        api_with(another)


def test_a_handler_that_comes_too_late_is_refused() -> None:
    @get("/late")
    async def late() -> None: ...

    with pytest.raises(ImproperlyConfiguredException, match="late was added"):
        api_with().register(late)
