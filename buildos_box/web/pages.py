"""The page's files from `static/app`, without a build step (docs/spec.md#page-security).

They are read once and served from memory; browsers revalidate them each time.
"""

import hashlib
from pathlib import Path
from typing import Any

from litestar import Request, Response, route

from buildos_box.auth.guard import PUBLIC, READ
from buildos_box.errors import NotFound

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types box-worker"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-cache",
}
MEDIA = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}
AnyRequest = Request[Any, Any, Any]


class _Asset:
    """One file with its entity tag."""

    def __init__(self, path: Path) -> None:
        self._content = path.read_bytes()
        self._media = MEDIA[path.suffix]
        self._etag = f'"{hashlib.sha256(self._content).hexdigest()[:32]}"'

    def answer(self, request: AnyRequest) -> Response[bytes]:
        """The file, or 304 if the browser has it."""
        headers = {**HEADERS, "ETag": self._etag}
        known = request.headers.get("if-none-match", "")
        if self._etag in known:
            return Response(b"", status_code=304, headers=headers, media_type=self._media)
        return Response(self._content, headers=headers, media_type=self._media)


def page_routes(static: Path) -> list[Any]:
    """The routes of `/app/` and its files, the redirect from `/`, and the icon; all public, without
    user data.
    """
    folder = static / "app"
    assets = {path.name: _Asset(path) for path in folder.iterdir() if path.suffix in MEDIA}

    @route(
        "/", http_method=READ, opt=PUBLIC, status_code=302, include_in_schema=False,
        sync_to_thread=False,
    )  # fmt: skip
    def front_door() -> Response[bytes]:
        return Response(b"", status_code=302, headers={"Location": "app/"})

    @route("/app", http_method=READ, opt=PUBLIC, include_in_schema=False, sync_to_thread=False)
    def page(request: AnyRequest) -> Response[bytes]:
        # The page's links are relative, so that it can be served under a path.
        if not request.scope["raw_path"].endswith(b"/"):
            return Response(b"", status_code=302, headers={"Location": "app/"})
        return assets["index.html"].answer(request)

    @route(
        "/app/{name:str}", http_method=READ, opt=PUBLIC, include_in_schema=False,
        sync_to_thread=False,
    )  # fmt: skip
    def file(name: str, request: AnyRequest) -> Response[bytes]:
        if name not in assets:
            raise NotFound(f"there is no file {name}")
        return assets[name].answer(request)

    @route(
        "/favicon.ico", http_method=READ, opt=PUBLIC, include_in_schema=False,
        sync_to_thread=False,
    )  # fmt: skip
    def icon(request: AnyRequest) -> Response[bytes]:
        # Browsers ask for it beside every page that names no icon, like the API's documentation.
        return assets["icon-192.png"].answer(request)

    return [front_door, page, file, icon]
