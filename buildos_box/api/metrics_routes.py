"""`GET /metrics` for Prometheus."""

from typing import Any

from litestar import Response, get
from litestar.datastructures import State

from buildos_box.auth.scope_guard import NEEDS_ADMIN
from buildos_box.realtime.hub import Hub
from buildos_box.services import Services

TEXT = "text/plain; version=0.0.4; charset=utf-8"


@get("/metrics", tags=["Operation"], media_type=TEXT, opt=NEEDS_ADMIN)
async def metrics(services: Services, state: State, hub: Hub) -> Response[bytes]:
    """Metrics in Prometheus' text format. Raises Forbidden."""
    # Imported here, because many a box is never asked for metrics.
    from buildos_box.api.metrics_text import metrics_text

    return Response(await metrics_text(services, state, hub), media_type=TEXT)


ROUTES: list[Any] = [metrics]
