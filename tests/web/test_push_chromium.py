"""Push in a real browser: opting in, the message on the screen, and what its buttons do.

The browser's own way to its maker's push service leads out of the machine, so the service is a
double on loopback, and `PushManager` hands out a subscription at it. All else is real: the worker,
the permission, the box's message over TLS, and how it is shown.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tests.doubles.web import Answer, Request, Web
from tests.faults.box_process import BoxProcess
from tests.notifications.browser import Browser as Subscriber
from tests.notifications.browser import authority, name_of
from tests.web.browser import Person

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow
STAND_IN = """(() => {
  const data = %s;
  let held = null;
  const made = { endpoint: data.endpoint, toJSON: () => data,
    unsubscribe: async () => { held = null; return true; } };
  PushManager.prototype.getSubscription = async () => held;
  PushManager.prototype.subscribe = async (options) => {
    window.serverKey = new Uint8Array(options.applicationServerKey).length;
    return (held = made);
  };
})()"""


SHOWN = """async () => {
    const registration = await navigator.serviceWorker.ready;
    return (await registration.getNotifications()).length;
}"""
TRIES = 6


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    with Web(Answer(201), tls=authority(tmp_path_factory.mktemp("service"))) as web:
        yield web


@pytest.fixture(scope="module")
def home(
    tmp_path_factory: pytest.TempPathFactory, service: Web, browser: "Browser"
) -> Iterator[BoxProcess]:
    assert service.tls is not None
    config = (
        f'[egress]\nallow_private = true\nca_file = "{service.tls.ca_file}"\n'
        '[push]\nvapid_subject = "mailto:ops@example.org"\n'
    )
    with BoxProcess(tmp_path_factory.mktemp("home"), config=config) as process:
        yield process


def until(found: Any) -> Any:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if value := found():
            return value
        time.sleep(0.05)
    raise AssertionError("it never came")


@dataclass
class Reader:
    """Somebody signed in whose browser takes push messages."""

    name: str
    home: BoxProcess
    service: Web
    person: Person
    subscriber: Subscriber

    @property
    def task(self) -> str:
        return f"{self.name}-chore"

    @property
    def is_done(self) -> bool:
        return bool(self.home.get(f"/tasks/{self.task}")["status"] == "done")

    def is_reminded(self) -> dict[str, Any]:
        """The box's message about the task, shown by the browser; returns what it says."""
        self.home.post("/queue/notification", {"userId": self.name, "eventType": "task.due_soon",
            "channel": "push", "payload": {"taskId": self.task, "taskName": "Chore"}})  # fmt: skip
        said = self.subscriber.read(until(self._sent)[0])
        deliver(self.person, self.person.url, json.dumps(said))
        return said

    def _sent(self) -> list[Request]:
        path = urlsplit(self.subscriber.endpoint).path
        return [request for request in self.service.seen if request.path == path]

    def shown(self) -> Any:
        """Title, body and buttons of each message on the screen."""
        return self.person.page.evaluate(
            """async () => (await (await navigator.serviceWorker.ready).getNotifications())
                .map((n) => [n.title, n.body, n.actions.map((one) => one.title)])"""
        )


Readers = Callable[[str], Reader]


@pytest.fixture
def reader(browser: "Browser", home: BoxProcess, service: Web) -> Iterator[Readers]:
    """Makes such people; at the end none has gone elsewhere or met an error."""
    made: list[Reader] = []

    def make(name: str) -> Reader:
        home.post("/sync", {"users": [{"id": name, "name": name.title()}],
            "projects": [{"id": f"{name}-home", "userId": name, "name": "Home"}],
            "tasks": [{"id": f"{name}-chore", "projectId": f"{name}-home",
                       "title": "Chore"}]})  # fmt: skip
        token = home.post("/tokens", {"name": "t", "scope": f"user:{name}"})["token"]
        url = home.url()
        assert url is not None
        subscriber = Subscriber(service.url(f"/push/{name}", "localhost"))
        person = Person(browser, url)
        made.append(Reader(name, home, service, person, subscriber))
        person.context.grant_permissions(["notifications"], origin=url)
        person.page.add_init_script(STAND_IN % json.dumps(subscriber.subscription))
        person.sign_in(token)
        person.go("#settings")
        person.press("Turn push on")
        person.is_told("This browser receives push messages")
        return made[-1]

    yield make
    for one in made:
        one.person.leave()
    for one in made:
        assert one.person.went_elsewhere() == []
        assert one.person.complaints == []


def test_push_is_turned_on_comes_and_is_turned_off(reader: Readers, home: BoxProcess) -> None:
    ada = reader("ada")
    page = ada.person.page
    assert page.evaluate("() => window.serverKey") == 65
    subscribed = home.get("/users/ada/push-subscriptions")["items"]
    assert [name_of(item, ada.subscriber.endpoint) for item in subscribed] == ["ada"]
    said = ada.is_reminded()
    assert ada.shown() == [[said["title"], said["body"], ["Done", "Snooze an hour"]]]
    click(ada.person)
    page.wait_for_url(f"{ada.person.url}/app/#task-{ada.task}")
    ada.person.heading("Tasks")
    assert not ada.is_done
    ada.person.go("#settings")
    ada.person.press("Turn push off")
    ada.person.is_told("Off in this browser")
    assert home.get("/users/ada/push-subscriptions")["items"] == []


def test_done_on_a_message_marks_the_task_and_leaves_the_page(reader: Readers) -> None:
    eve = reader("eve")
    eve.is_reminded()
    click(eve.person, "done")
    until(lambda: eve.is_done)
    assert eve.shown() == []
    assert eve.person.page.url.endswith("/app/#settings")


def test_snooze_on_a_message_brings_it_again_in_an_hour(reader: Readers, home: BoxProcess) -> None:
    kim = reader("kim")
    kim.is_reminded()
    before = datetime.now(UTC)

    def again() -> list[datetime]:
        jobs = home.get("/jobs?user=kim&status=pending&type=send_notification")["jobs"]
        due = [datetime.fromisoformat(job["scheduled_for"]) for job in jobs]
        return [at for at in due if at > before]

    click(kim.person, "snooze")
    (at,) = until(again)
    assert before <= at - timedelta(hours=1) <= datetime.now(UTC)
    assert (kim.shown(), kim.is_done) == ([], False)
    assert home.get("/users/kim/notifications")["items"] == []


def test_a_button_of_somebody_signed_out_opens_the_page_and_changes_nothing(
    reader: Readers,
) -> None:
    lou = reader("lou")
    lou.is_reminded()
    lou.person.context.clear_cookies()
    click(lou.person, "done")
    lou.person.page.wait_for_url(f"{lou.person.url}/app/#task-{lou.task}")
    lou.person.page.get_by_role("dialog", name="You were signed out").wait_for()
    assert not lou.is_done


TWO_BROWSERS = """(() => {
  const made = %s.map((data) => ({ endpoint: data.endpoint, toJSON: () => data,
    unsubscribe: async () => { localStorage.gone = "1"; return true; } }));
  const present = () => made[localStorage.gone ? 1 : 0];
  PushManager.prototype.getSubscription = async () => (localStorage.held ? present() : null);
  PushManager.prototype.subscribe = async () => { localStorage.held = "1"; return present(); };
})()"""
"""A browser that has one subscription, and another one once that is given up."""


def test_a_browser_that_changes_hands_takes_no_messages_with_it(
    browser: "Browser", home: BoxProcess, service: Web
) -> None:
    home.post("/sync", {"users": [{"id": name, "name": name.title()} for name in ("ann", "bob")]})
    tokens = {
        name: home.post("/tokens", {"name": "t", "scope": f"user:{name}"})["token"]
        for name in ("ann", "bob")
    }
    url = home.url()
    assert url is not None
    endpoints = [service.url(f"/push/{name}", "localhost") for name in ("one", "two")]

    def held(user: str) -> list[str]:
        items = home.get(f"/users/{user}/push-subscriptions")["items"]
        return [name_of(item, *endpoints) for item in items]

    someone = Person(browser, url)
    someone.context.grant_permissions(["notifications"], origin=url)
    subscriptions = [Subscriber(endpoint).subscription for endpoint in endpoints]
    someone.page.add_init_script(TWO_BROWSERS % json.dumps(subscriptions))
    someone.sign_in(tokens["ann"])
    someone.go("#settings")
    someone.press("Turn push on")
    someone.is_told("This browser receives push messages")
    assert (held("ann"), held("bob")) == (["one"], [])
    # Ann's session ends without her; Bob comes, and gets nothing that he did not ask for.
    someone.context.clear_cookies()
    someone.sign_in(tokens["bob"])
    someone.go("#settings")
    assert (held("ann"), held("bob")) == (["one"], [])
    someone.page.evaluate("() => { delete localStorage.held; }")
    someone.page.reload()
    someone.press("Turn push on")
    someone.is_told("This browser receives push messages")
    assert (held("ann"), held("bob")) == (["one"], ["two"])
    someone.press("Sign out")
    someone.heading("Sign in")
    assert (held("ann"), held("bob")) == (["one"], [])
    someone.leave()


def deliver(person: Person, origin: str, data: str) -> None:
    """As the browser does when a message has come to it."""
    session = person.context.new_cdp_session(person.page)
    found: list[str] = []
    session.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: found.extend(
            one["registrationId"]
            for one in event["registrations"]
            if one["scopeURL"].startswith(origin) and not one["isDeleted"]
        ),
    )
    session.send("ServiceWorker.enable")
    until(lambda: bool(found) or bool(person.page.wait_for_timeout(50)))
    message = {"origin": origin, "registrationId": found[-1], "data": data}
    # Nothing tells of a message that the browser dropped; another replaces it by its tag.
    for _ in range(TRIES):
        session.send("ServiceWorker.deliverPushMessage", message)
        for _ in range(100):
            if person.page.evaluate(SHOWN):
                return
            person.page.wait_for_timeout(50)
    raise AssertionError("it was never shown")


def click(person: Person, button: str = "") -> None:
    """No protocol clicks what the desktop shows; the worker is told that somebody did."""
    person.context.service_workers[0].evaluate(
        """async (action) => {
            const [notification] = await self.registration.getNotifications();
            self.dispatchEvent(
                new NotificationEvent("notificationclick", { notification, action }));
        }""",
        button,
    )
