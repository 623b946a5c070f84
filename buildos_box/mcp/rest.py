"""The box's REST API as the tools call it: each call with the rights of the assistant's token."""

from typing import Any
from urllib.parse import quote

import httpx

Json = dict[str, Any]


class Refused(Exception):
    """A request was refused; the text says why, in words that a model can act on."""


class Rest:
    """Calls the API through `http`, whose address and token are set already."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def get(self, *path: str, **query: Any) -> Any:
        """GET; parameters that are None are left out. Raises Refused."""
        given = {name: value for name, value in query.items() if value is not None}
        return await self._call("GET", path, params=given)

    async def post(self, *path: str, body: Json | None = None) -> Any:
        """POST a JSON body. Raises Refused."""
        return await self._call("POST", path, json=body)

    async def patch(self, *path: str, body: Json) -> Any:
        """PATCH a JSON body. Raises Refused."""
        return await self._call("PATCH", path, json=body)

    async def delete(self, *path: str) -> None:
        """DELETE. Raises Refused."""
        await self._call("DELETE", path)

    async def _call(self, method: str, path: tuple[str, ...], **sent: Any) -> Any:
        url = "/" + "/".join(quote(part, safe="") for part in path)
        try:
            answer = await self._http.request(method, url, **sent)
        except httpx.HTTPError as error:
            raise Refused(f"the server does not answer: {error}") from error
        if answer.status_code >= 300:
            raise Refused(_reason(answer))
        return answer.json() if answer.content else None


def _reason(answer: httpx.Response) -> str:
    try:
        body: Json = answer.json()
    except ValueError:
        return f"the server answered {answer.status_code}"
    faults = [f"{fault['field']}: {fault['message']}" for fault in body.get("details") or ()]
    return "; ".join(faults) or str(body.get("error", answer.status_code))
