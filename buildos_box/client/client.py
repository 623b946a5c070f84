"""The client: one method per operation of the API."""

import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote

import httpx

Json = dict[str, Any]
FINISHED = ("completed", "failed", "cancelled")


def url_path(*parts: str) -> str:
    """A URL path of these parts, which may contain any character."""
    return "/" + "/".join(quote(part, safe=":") for part in parts)


def with_tls(url: str) -> bool:
    """Whether certificates are verified: reading them takes longer than many calls."""
    return not url.startswith("http://")


class BoxUnreachable(Exception):
    """There is no answer at that address."""


class BoxRefused(Exception):
    """The server answered with an error; has its sentence, code and details."""

    def __init__(self, status: int, body: Json) -> None:
        super().__init__(str(body.get("error") or f"the server answered {status}"))
        self.status = status
        self.code = str(body.get("code", ""))
        details = body.get("details")
        self.details: list[Json] = (
            [detail for detail in details if isinstance(detail, dict)]
            if isinstance(details, list)
            else []
        )
        self.correlation_id = str(body.get("correlationId", ""))


class BoxClient:
    """The API of one server. Every method raises BoxUnreachable or BoxRefused.

    Raises httpx.InvalidURL for an address that is none, UnicodeEncodeError for such a token.
    """

    def __init__(
        self,
        url: str,
        token: str | None,
        *,
        timeout_seconds: float = 30.0,
        data: Path | None = None,
    ) -> None:
        self.url = url
        self.token = token
        self.data = data
        """The folder that the box serves from, if that is on this machine."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(
            base_url=url,
            headers=headers,
            timeout=timeout_seconds,
            trust_env=False,
            verify=with_tls(url),
        )

    def __enter__(self) -> "BoxClient":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def request(
        self, method: str, path: str, *, json: Any = None, params: Json | None = None
    ) -> Any:
        """One call; returns the decoded answer, None for an empty one."""
        given = {name: value for name, value in (params or {}).items() if value is not None}
        response = self._send(method, path, json=json, params=given)
        if response.status_code >= 300:
            raise BoxRefused(response.status_code, body_of(response))
        try:
            return response.json() if response.content else None
        except ValueError as error:
            raise BoxUnreachable(f"the server at {self.url} is not a BuildOS Box") from error

    def _send(self, method: str, path: str, **more: Any) -> httpx.Response:
        try:
            return self._http.request(method, path, **more)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise BoxUnreachable(f"no server answers at {self.url}: {error}") from error

    def get(self, path: str, **params: Any) -> Any:
        """GET with query parameters; those that are None are omitted."""
        return self.request("GET", path, params=params)

    def post(self, path: str, json: Any = None) -> Any:
        """POST a JSON body."""
        return self.request("POST", path, json=json)

    def put(self, path: str, json: Any) -> Any:
        """PUT a JSON body."""
        return self.request("PUT", path, json=json)

    def patch(self, path: str, json: Any) -> Any:
        """PATCH a JSON body."""
        return self.request("PATCH", path, json=json)

    def delete(self, path: str) -> None:
        """DELETE a path."""
        self.request("DELETE", path)

    def items(self, path: str, key: str = "items", **params: Any) -> Iterator[Json]:
        """Every item of a paged list, fetched page by page."""
        cursor: str | None = None
        while True:
            page = self.get(path, cursor=cursor, **params)
            yield from page[key]
            cursor = page.get("nextCursor") or page.get("next_cursor")
            if not cursor:
                return

    def health(self) -> Json:
        """The server's health, also if it is not healthy."""
        return body_of(self._send("GET", "/health"))

    def sync(self, document: Json) -> Json:
        """Create, change and delete workspace data in one transaction; returns the counts."""
        answer: Json = self.post("/sync", document)
        return answer

    def queue_brief(self, user_id: str, **options: Any) -> Json:
        """Request a brief; `options` are the other fields of the body, in camelCase."""
        answer: Json = self.post("/queue/brief", {"userId": user_id, **options})
        return answer

    def queue_phases(self, user_id: str, project_id: str, **options: Any) -> Json:
        """Request a project's phases; `options` are the other fields of the body, in camelCase."""
        body = {"userId": user_id, "projectId": project_id, **options}
        answer: Json = self.post("/queue/phases", body)
        return answer

    def phases(self, project_id: str) -> Json:
        """A project's phases, and how they were made."""
        answer: Json = self.get(url_path("projects", project_id, "phases"))
        return answer

    def forecast(self, *, days: int = 7, user: str | None = None) -> Json:
        """The forecast of what will be sent in the coming days."""
        answer: Json = self.get("/schedule/forecast", days=days, user=user)
        return answer

    def job(self, job_id: str) -> Json:
        """One job."""
        answer: Json = self.get(url_path("jobs", job_id))
        return answer

    def follow(
        self, job_id: str, *, every_seconds: float = 0.05, timeout_seconds: float = 600.0
    ) -> Iterator[Json]:
        """The job each time it has changed, until it is finished.

        Raises TimeoutError if it has not finished in time.
        """
        seen: Any = None
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            job = self.job(job_id)
            if (job["status"], job["progress"]) != seen:
                seen = (job["status"], job["progress"])
                yield job
            if job["status"] in FINISHED:
                return
            time.sleep(every_seconds)
        raise TimeoutError(f"{job_id} has not finished within {timeout_seconds:g} s")

    def brief(self, user_id: str, day: str) -> Json:
        """The brief of one day."""
        answer: Json = self.get(url_path("users", user_id, "briefs", day))
        return answer


def body_of(response: httpx.Response) -> Json:
    """The answer's JSON object; empty if it is none."""
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
