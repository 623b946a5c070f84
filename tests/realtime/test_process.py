"""Streams of a real `buildos-box serve`, over SIGTERM and a new start."""

import json
import threading
from pathlib import Path

import httpx

from tests.faults.box_process import BoxProcess, people, until
from tests.faults.user_jobs import live


class Listening(threading.Thread):
    """Reads one stream to its end."""

    def __init__(self, box: BoxProcess, path: str, after: int | None = None) -> None:
        super().__init__(daemon=True)
        self._url = f"{box.url()}{path}"
        self._headers = dict(box.http.headers)
        if after is not None:
            self._headers["Last-Event-ID"] = str(after)
        self.lines: list[str] = []
        self.start()
        assert until(lambda: bool(self.lines), seconds=10)

    def run(self) -> None:
        with httpx.stream("GET", self._url, headers=self._headers, trust_env=False) as answer:
            for line in answer.iter_lines():
                self.lines.append(line)

    def has(self, kind: str) -> bool:
        return f"event: {kind}" in self.lines

    def data(self, kind: str) -> list[dict[str, object]]:
        """What the events of that type say."""
        return [
            json.loads(after.removeprefix("data: "))["data"]
            for before, after in zip(self.lines, self.lines[1:], strict=False)
            if before == f"event: {kind}"
        ]

    @property
    def last_id(self) -> int:
        return [int(line.removeprefix("id: ")) for line in self.lines if line.startswith("id: ")][
            -1
        ]


def test_a_stop_ends_open_streams_and_a_new_start_resumes_them(tmp_path: Path) -> None:
    with BoxProcess(tmp_path) as box:
        box.post("/sync", {"users": list(people(1))})
        listening = Listening(box, "/users/person-000/events")
        box.post("/queue/brief", {"userId": "person-000"})
        assert until(lambda: listening.has("brief.completed"), seconds=20)
        assert until(lambda: live(box) == 0, seconds=20)
        (newest,) = box.rows("SELECT max(id) AS id FROM realtime_events WHERE user_id NOT NULL")
        assert until(lambda: listening.last_id == newest["id"], seconds=10)
        assert box.stop() == 0
        listening.join(10)
        assert not listening.is_alive()
        assert listening.lines[-2].startswith("retry: ") or "retry: 3000" in listening.lines[-3:]
        assert listening.has("job.updated")
        opened_at = int(listening.lines[1].removeprefix("id: "))
        box.start()
        again = Listening(box, "/users/person-000/events", after=opened_at)
        assert until(lambda: again.last_id == newest["id"], seconds=10)
        assert again.data("brief.completed") == listening.data("brief.completed")
        box.terminate()
        again.join(30)
        assert box.process.wait(30) == 0
