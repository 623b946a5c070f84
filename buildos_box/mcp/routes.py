"""`/mcp`: the protocol's streamable HTTP, without sessions (docs/spec.md#mcp)."""

from typing import Any
from urllib.parse import urlsplit

from litestar import Request, post
from litestar.types import ASGIApp, Receive, Scope, Send

from buildos_box.auth.rate_limits import CHANGES_NOTHING
from buildos_box.errors import Forbidden
from buildos_box.services import Services
from buildos_box.thread_pool import ThreadPool

_LOADING = ThreadPool("mcp-loading", 1)


@post("/mcp", opt=CHANGES_NOTHING, include_in_schema=False)
async def post_mcp(request: Request[Any, Any, Any], services: Services) -> ASGIApp:
    """Answer one message of an assistant that speaks the Model Context Protocol.

    Each tool makes requests of its own with the same token, so it may do what the token may do.
    Raises Forbidden for another site's page.
    """
    server = services.settings.server
    origin = request.headers.get("origin")
    if origin and origin not in (_origin(server.public_url), *server.cors_origins):
        raise Forbidden("pages of other sites may not use this address")
    return _answer


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


async def _answer(scope: Scope, receive: Receive, send: Send) -> None:
    # The protocol's library takes long to load and much memory: only who uses it pays for it.
    answer = await _LOADING.run(_load)
    await answer(scope, receive, send)


def _load() -> ASGIApp:
    from buildos_box.mcp.http import answer

    return answer


ROUTES: list[Any] = [post_mcp]
