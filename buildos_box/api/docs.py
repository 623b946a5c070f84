"""The OpenAPI description at `/docs/openapi.json` and a page that shows it, from local assets."""

from pathlib import Path
from typing import Any

from litestar import Response, Router, get
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme

from buildos_box import __version__
from buildos_box.access.guard import PUBLIC

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'"
)


def openapi_config() -> OpenAPIConfig:
    """OpenAPI 3.1 of every route; public, like the page."""
    return OpenAPIConfig(
        title="BuildOS Box",
        version=__version__,
        description="Background jobs, daily briefs, mail and reminders of BuildOS.",
        components=Components(
            security_schemes={"bearer": SecurityScheme(type="http", scheme="bearer")}
        ),
        security=[{"bearer": []}],
        openapi_router=Router(path="/docs", route_handlers=[], opt=PUBLIC),
        render_plugins=[],
    )


def routes(static: Path) -> list[Any]:
    """The page and its one script."""
    page = (static / "docs" / "index.html").read_bytes()
    script = static / "docs" / "rapidoc-min.js"

    @get("/docs", opt=PUBLIC, include_in_schema=False, sync_to_thread=False)
    def docs_page() -> Response[bytes]:
        return Response(
            page, media_type="text/html", headers={"Content-Security-Policy": PAGE_POLICY}
        )

    @get("/docs/rapidoc-min.js", opt=PUBLIC, include_in_schema=False, sync_to_thread=True)
    def docs_script() -> Response[bytes]:
        return Response(
            script.read_bytes(),
            media_type="text/javascript",
            headers={"Cache-Control": "max-age=86400"},
        )

    return [docs_page, docs_script]
