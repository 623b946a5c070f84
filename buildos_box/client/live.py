"""The asynchronous client: the same calls without blocking a screen, and the event stream."""

from collections.abc import AsyncIterator
from typing import Any

import httpx

from buildos_box.client.client import BoxRefused, BoxUnreachable, Json, body_of, url_path, with_tls
from buildos_box.client.stream import BoxEvent, events_in

SILENCE_SECONDS = 60.0
"""The box sends a heartbeat well within this; a stream silent for longer is dead."""


class LiveClient:
    """Talks to one box from an event loop. Methods raise BoxUnreachable or BoxRefused."""

    def __init__(self, url: str, token: str | None, *, timeout_seconds: float = 15.0) -> None:
        self.url = url
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.AsyncClient(
            base_url=url,
            headers=headers,
            timeout=timeout_seconds,
            trust_env=False,
            verify=with_tls(url),
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def request(self, method: str, path: str, json: Any = None, **params: Any) -> Json:
        """One call; returns the decoded object. Parameters that are None are left out."""
        given = {name: value for name, value in params.items() if value is not None}
        try:
            response = await self._http.request(method, path, json=json, params=given)
        except httpx.HTTPError as error:
            raise BoxUnreachable(_reason(error)) from error
        if response.status_code >= 300:
            raise BoxRefused(response.status_code, body_of(response))
        body = body_of(response)
        if not body and response.content:
            raise BoxUnreachable(f"what answers at {self.url} is no BuildOS Box")
        return body

    async def get(self, path: str, **params: Any) -> Json:
        """GET with query parameters."""
        return await self.request("GET", path, **params)

    async def post(self, path: str, json: Any = None) -> Json:
        """POST a JSON body."""
        return await self.request("POST", path, json)

    async def counts(self) -> list[Json]:
        """How many jobs of each type are in each status."""
        return list((await self.get("/queue/stats"))["stats"])

    async def lanes(self) -> Json:
        """Every lane with its load, and the pauses in force."""
        return await self.get("/queue/lanes")

    async def crons(self) -> list[Json]:
        """Every cron with its last and its next run."""
        return list((await self.get("/schedule"))["crons"])

    async def run_cron(self, name: str) -> Json:
        """Run a cron now; its run, when it has ended."""
        return await self.post(url_path("schedule", name, "run"))

    async def jobs(self, **filters: Any) -> Json:
        """A page of jobs, newest first: `jobs` and `nextCursor`."""
        return await self.get("/jobs", **filters)

    async def job(self, job_id: str, part: str = "") -> Json:
        """A job, or its `attempts`, `events` or `why`."""
        return await self.get(url_path("jobs", job_id, *([part] if part else [])))

    async def act(self, action: str, ids: list[str]) -> Json:
        """Cancel, retry or promote jobs; tells how many and which refused."""
        return await self.post("/jobs/bulk", {"action": action, "ids": ids})

    async def pause(self, lane: str, *, paused: bool) -> None:
        """Pause or resume a lane."""
        await self.post("/queue/pause" if paused else "/queue/resume", {"lane": lane})

    async def cleanup(self, *, dry_run: bool) -> Json:
        """Clean up, or only count what a cleanup would do."""
        return await self.post("/queue/cleanup", {"dryRun": dry_run})

    async def me(self) -> Json:
        """What the token may do: `scope`, `name`, `mayAct`, `isAdmin`."""
        return await self.get("/me")

    async def health(self) -> Json:
        """The box's state, also when it is not healthy."""
        try:
            return body_of(await self._http.get("/health"))
        except httpx.HTTPError as error:
            raise BoxUnreachable(_reason(error)) from error

    async def overview(self) -> Json:
        """The last hour by type (`throughput`), `diskFreeBytes`, `providers`."""
        return await self.get("/queue/overview")

    async def budget(self) -> Json:
        """Today's budget for language models, and what is spent of it."""
        return dict((await self.get("/llm/usage"))["budget"])

    async def next_briefs(self, limit: int = 20) -> list[Json]:
        """The briefs that come next, soonest first."""
        return list((await self.get("/schedule/briefs", limit=limit))["briefs"])

    async def forecast(self, days: int) -> Json:
        """What will be sent in so many days, and what not: `deliveries`, and whether `more`."""
        return await self.get("/schedule/forecast", days=days)

    async def history(self, **span: Any) -> Json:
        """What the queue did, in steps: `from`, `to`, `step`, `by`."""
        return await self.get("/queue/history", **span)

    async def llm_history(self, **span: Any) -> Json:
        """What language models cost, in steps: `from`, `to`, `step`, `by`."""
        return await self.get("/llm/history", **span)

    async def log(self, **filters: Any) -> Json:
        """The newest lines of the server's log: `lines` and `lastNumber`; for admins."""
        return await self.get("/log", **filters)

    async def stale(self) -> Json:
        """Live jobs that are too old, and how many old failed ones there are."""
        return await self.get("/queue/stale-stats")

    async def messages(self, **filters: Any) -> Json:
        """A page of mails, SMS, push and in-app messages: `items` and `nextCursor`."""
        return await self.get("/messages", **filters)

    async def people(self, **filters: Any) -> Json:
        """A page of users with their briefs and channels: `items` and `nextCursor`."""
        return await self.get("/people", **filters)

    async def mail(self, user_id: str, mail_id: str) -> Json:
        """One mail with its text part and its log."""
        return await self.get(url_path("users", user_id, "emails", mail_id))

    async def brief_now(self, user_id: str) -> Json:
        """Ask for a user's brief, now."""
        return await self.post("/queue/brief", {"userId": user_id})

    async def events(self, after: str | None = None) -> AsyncIterator[BoxEvent]:
        """Every event from now on, or from after that id; ends when the box ends the stream."""
        headers = {"Last-Event-ID": after} if after else {}
        limits = httpx.Timeout(15.0, read=SILENCE_SECONDS)
        try:
            async with self._http.stream(
                "GET", "/events", headers=headers, timeout=limits
            ) as answer:
                if answer.status_code >= 300:
                    await answer.aread()
                    raise BoxRefused(answer.status_code, body_of(answer))
                async for event in events_in(answer.aiter_lines()):
                    yield event
        except httpx.HTTPError as error:
            raise BoxUnreachable(_reason(error)) from error


def _reason(error: httpx.HTTPError) -> str:
    return str(error) or type(error).__name__
