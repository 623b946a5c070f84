"""The OpenAPI description at `/docs/openapi.json` and a page that shows it, from local assets."""

from pathlib import Path
from typing import Any

from litestar import Request, Response, Router, get
from litestar.datastructures import ResponseHeader
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme, Server

from buildos_box.auth.guard import PUBLIC
from buildos_box.version import VERSION

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'"
)


class LocalPage(OpenAPIRenderPlugin):
    """The page in `static/docs`; nothing is loaded from elsewhere."""

    def __init__(self, page: bytes) -> None:
        super().__init__(path="/")
        self._page = page

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The page, which fetches the description."""
        # Its links are relative, so that it can be served under a path.
        base = b"" if request.scope["raw_path"].endswith(b"/") else b"docs/"
        return self._page.replace(b"{base}", base)


def openapi_config(static: Path, base_url: str) -> OpenAPIConfig:
    """OpenAPI 3.1 of every route, with its page and script; all public.

    `base_url` is `server.base_url`: where the page sends its requests.
    """
    # Read when asked for: it is most of a megabyte, and a fraction of a millisecond.
    script = static / "docs" / "rapidoc-min.js"

    @get("/rapidoc-min.js", include_in_schema=False)
    async def docs_script() -> Response[bytes]:
        return Response(
            script.read_bytes(),
            media_type="text/javascript",
            headers={"Cache-Control": "max-age=86400"},
        )

    return OpenAPIConfig(
        title="BuildOS Box",
        version=VERSION,
        description="Background jobs, daily briefs, mail and reminders of BuildOS.",
        components=Components(
            security_schemes={"bearer": SecurityScheme(type="http", scheme="bearer")}
        ),
        security=[{"bearer": []}],
        servers=[Server(url=base_url or "/")],
        openapi_router=Router(
            path="/docs",
            route_handlers=[docs_script],
            opt=PUBLIC,
            include_in_schema=False,
            response_headers=[ResponseHeader(name="Content-Security-Policy", value=PAGE_POLICY)],
        ),
        render_plugins=[LocalPage((static / "docs" / "index.html").read_bytes())],
    )
