"""One message over HTTP: its tools call the application in this process, as its own caller."""

from typing import Any

import httpx
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings

from buildos_box.mcp.rest import Rest
from buildos_box.mcp.server import make_server

_PASSED_ON = (b"authorization", b"cookie", b"x-box-page", b"x-forwarded-for")
_SECURITY = TransportSecuritySettings(
    enable_dns_rebinding_protection=False,  # the route has checked token and origin
)


async def answer(scope: Any, receive: Any, send: Any) -> None:
    """Answer it with JSON; nothing is kept for the next message."""
    headers = [(name, value) for name, value in scope["headers"] if name.lower() in _PASSED_ON]
    correlation_id = scope["state"]["correlation_id"]
    inside = httpx.ASGITransport(app=scope["litestar_app"], client=scope["client"])
    async with httpx.AsyncClient(
        transport=inside,
        base_url="http://localhost",
        headers=[*headers, (b"x-correlation-id", correlation_id.encode())],
    ) as client:
        manager = StreamableHTTPSessionManager(
            make_server(Rest(client)),
            json_response=True,
            stateless=True,
            security_settings=_SECURITY,
        )
        async with manager.run():
            await manager.handle_request(scope, receive, send)
