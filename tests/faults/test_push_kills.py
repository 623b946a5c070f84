"""SIGKILL at each step between the intent and the outcome of a push: never two, never none.

Push services know no key of repetition. What stands for one is the topic: a message takes the
place of one with the same topic (RFC 8030, 5.4), and on the screen that of one with the same tag.
"""

import time
from pathlib import Path

from tests.doubles.web import Answer, Request, Web
from tests.faults.box_process import BoxProcess, until
from tests.faults.user_jobs import live
from tests.notifications.browser import Browser, authority

MADE = Answer(201)
ADA = {"id": "ada", "email": "ada@example.org", "name": "Ada", "timezone": "UTC"}


class Crash:
    """A box, a push service and one browser; each crash tells of a task of its own."""

    def __init__(self, box: BoxProcess, web: Web, browser: Browser) -> None:
        self.box, self.web, self.browser = box, web, browser
        box.post("/sync", {"users": [ADA]})
        box.post("/users/ada/push-subscriptions", browser.subscription)

    def tell(self, name: str) -> None:
        payload = {"taskId": name, "taskName": name}
        body = {"userId": "ada", "eventType": "task.assigned", "channel": "push"}
        self.box.post("/queue/notification", {**body, "payload": payload})

    def restart(self) -> None:
        self.box.kill()
        self.web.by_path.clear()
        self.box.start()

    def came(self, name: str) -> list[Request]:
        tag = f"task.assigned-{name}"
        return [request for request in self.web.seen if self.browser.read(request)["tag"] == tag]

    def assert_seen_once(self, name: str, *, posts: int) -> None:
        assert until(lambda: live(self.box) == 0, seconds=30), name
        came = self.came(name)
        assert len(came) == posts, name
        assert len({request.headers["topic"] for request in came}) == 1
        said = [self.browser.read(request) for request in came]
        assert all(one == said[0] for one in said), name
        rows = self.box.rows(
            """SELECT status FROM notification_deliveries AS d
                 JOIN notifications AS n ON n.id = d.notification_id WHERE n.tag = ?""",
            f"task.assigned-{name}",
        )
        assert [row["status"] for row in rows] == ["sent", "sent"], name


def test_a_push_survives_a_kill_at_each_step_and_is_seen_once(tmp_path: Path) -> None:
    tls = authority(tmp_path)
    config = f'[egress]\nallow_private = true\nca_file = "{tls.ca_file}"\n'
    web = Web(MADE, tls=tls)
    endpoint = web.url("/push/a", "localhost")
    with BoxProcess(tmp_path / "box", config=config) as box:
        crash = Crash(box, web, Browser(endpoint))
        _while_it_connects(crash)
        with web:
            box.start()
            crash.assert_seen_once("connecting", posts=1)
            _before_its_intent(crash)
            crash.assert_seen_once("waiting", posts=1)
            _while_the_service_thinks(crash)
            crash.assert_seen_once("thinking", posts=2)
            _when_the_answer_was_not_read(crash)
            crash.assert_seen_once("unread", posts=2)
            _after_its_outcome(crash)
            crash.assert_seen_once("done", posts=1)
        assert box.integrity() == "ok"


def _while_it_connects(crash: Crash) -> None:
    """The service takes the connection and says nothing: the intent is known, nothing has left."""
    crash.tell("connecting")
    intents = "SELECT 1 FROM effects WHERE kind = 'push' AND state = 'intent'"
    assert until(lambda: bool(crash.box.rows(intents)), seconds=20)
    assert crash.web.seen == []
    crash.box.kill()


def _before_its_intent(crash: Crash) -> None:
    crash.box.post("/queue/pause", {"lane": "push"})
    crash.tell("waiting")
    crash.restart()
    crash.box.post("/queue/resume", {"lane": "push"})


def _while_the_service_thinks(crash: Crash) -> None:
    crash.web.by_path["/push/a"] = Answer(201, delay=2)
    crash.tell("thinking")
    assert until(lambda: len(crash.came("thinking")) == 1, seconds=20)
    crash.restart()


def _when_the_answer_was_not_read(crash: Crash) -> None:
    crash.web.by_path["/push/a"] = Answer(201, delay=0.5)
    crash.tell("unread")
    assert until(lambda: len(crash.came("unread")) == 1, seconds=20)
    crash.box.pause()
    time.sleep(1)
    crash.restart()


def _after_its_outcome(crash: Crash) -> None:
    crash.tell("done")
    sent = "SELECT 1 FROM notification_deliveries WHERE provider_id NOT NULL AND channel = 'push'"
    before = len(crash.box.rows(sent))
    assert until(lambda: len(crash.box.rows(sent)) > before or live(crash.box) == 0, seconds=20)
    crash.restart()
    time.sleep(0.5)
