"""Names that nobody answers for hold up who asked for them, and nobody else."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.faults.box_process import BoxProcess, until

USERS = 25
LOOKUPS = 50
OTHER_REQUESTS = 200


class BoxWithoutNames(BoxProcess):
    """Its machine's resolver hangs."""

    def command(self) -> list[str]:
        script = Path(__file__).with_name("hanging_names.py")
        words = super().command()
        return [sys.executable, str(script), str(self.folder), *words[words.index("serve") :]]

    @property
    def begun(self) -> int:
        return len(list(self.folder.glob("look-up-*")))


def subscribe(process: BoxProcess, n: int) -> httpx.Response:
    return process.http.post(
        f"/users/user-{n % USERS}/calendar-feeds",
        json={"url": f"https://feed-{n}.hanging.test/a.ics"},
        timeout=60,
    )


def test_others_are_served_before_the_first_look_up_ends(tmp_path: Path) -> None:
    with BoxWithoutNames(tmp_path) as process, ThreadPoolExecutor(LOOKUPS) as threads:
        process.post("/sync", {"users": [{"id": f"user-{n}"} for n in range(USERS)]})
        asked = [threads.submit(subscribe, process, n) for n in range(LOOKUPS)]
        assert until(lambda: process.begun >= 6, seconds=20)
        for _ in range(OTHER_REQUESTS // 2):
            assert process.http.get("/users").status_code == 200
            assert process.http.post("/projects", json={"userId": "user-1", "name": "x"}).is_success
        answers = [answer.result() for answer in asked]
        (tmp_path / "end").touch()
    assert {answer.status_code for answer in answers} == {422}
    assert "was not found within 3 s" in answers[0].json()["error"]


def test_one_user_has_a_few_look_ups_at_a_time(tmp_path: Path) -> None:
    with BoxWithoutNames(tmp_path) as process, ThreadPoolExecutor(20) as threads:
        process.post("/sync", {"users": [{"id": "user-0"}, {"id": "user-1"}]})
        asked = [threads.submit(subscribe, process, USERS * n) for n in range(20)]
        answers = [answer.result() for answer in asked]
        assert process.begun == 4
        assert sorted(answer.status_code for answer in answers) == [422] * 4 + [429] * 16
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert int(refused.headers["retry-after"]) >= 1
        # Nobody waits for the four any more, but they still go on.
        assert subscribe(process, USERS * 30).status_code == 429
        (tmp_path / "end").touch()
        assert until(lambda: subscribe(process, USERS * 31).status_code != 429, seconds=20)


@pytest.mark.slow
def test_a_look_up_that_hangs_delays_no_stop(tmp_path: Path) -> None:
    with BoxWithoutNames(tmp_path) as process, ThreadPoolExecutor(2) as threads:
        process.post("/sync", {"users": [{"id": "user-0"}]})
        asked = threads.submit(subscribe, process, 0)
        assert until(lambda: process.begun == 1, seconds=20)
        assert process.stop() == 0
        asked.exception()
