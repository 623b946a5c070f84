"""Who may not, is refused before a byte of the body is read; no route borrows shared threads."""

import asyncio
import re
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from tests.api.test_route_table import TABLE, Row, _ada, _status
from tests.world import BoxWorld


async def _status_without_a_body(
    box: BoxWorld, name: str, known: dict[str, str], token: str
) -> Any:
    """What is answered to who sends a head and no body; what waits for the body fails."""
    method, _, path = name.partition(" ")
    for key, value in known.items():
        path = path.replace(f"{{{key}}}", value)
    seen: list[Any] = []

    async def receive() -> Any:
        raise AssertionError(f"{name} reads the body first")

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            seen.append(message["status"])

    scope: Any = {
        "type": "http", "http_version": "1.1", "method": method, "path": path, "raw_path": b"",
        "root_path": "", "scheme": "http", "query_string": b"", "server": ("box.test", 80),
        "headers": [(b"host", b"box.test"), (b"authorization", f"Bearer {token}".encode()),
                    (b"content-type", b"application/json"), (b"content-length", b"1000")],
        "client": ("127.0.0.1", 1), "app": box.box.api, "state": {},
    }  # fmt: skip
    await box.box.api(scope, receive, send)
    return seen[0]


def _is_refused_by_its_head(name: str, row: Row) -> bool:
    """All but those that only their body, or a look at the database, can say whose they are."""
    return row.who in ("service", "admin") or (row.who == "own" and "{user_id}" in name)


async def test_who_may_not_is_refused_by_the_head_alone(box: BoxWorld) -> None:
    known = await _ada(box)
    token = await box.token_for("user:mallory")
    wrong = []
    for name, row in TABLE.items():
        if not name.startswith(("GET", "HEAD")) and _is_refused_by_its_head(name, row):
            status = await _status_without_a_body(box, name, known, token)
            if status not in (row.refused, 403):
                wrong.append(f"{name}: {status}")
    assert wrong == [], "\n".join(wrong)


class Shared(ThreadPoolExecutor):
    """The loop's default pool, which notes who borrows from it."""

    def __init__(self) -> None:
        super().__init__(1)
        self.borrowed: list[Any] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> "Future[Any]":
        self.borrowed.append(fn)
        return super().submit(fn, *args, **kwargs)


async def test_no_request_borrows_a_shared_thread(box: BoxWorld) -> None:
    known = await _ada(box)
    shared = Shared()
    asyncio.get_running_loop().set_default_executor(shared)
    borrowers = []
    for name, row in TABLE.items():
        unknown = set(re.findall(r"{(\w+)}", name)) - known.keys()
        if not row.streams and not unknown and name != "POST /schedule/{name}/run":
            await _status(box, name, row, known, box.token)
            if shared.borrowed:
                borrowers.append(name)
                shared.borrowed.clear()
    assert borrowers == []
