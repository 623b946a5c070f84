"""Opting in to push in a real browser: from the button to the message on the screen.

The browser's own way to its maker's push service leads out of the machine, so the service is a
double on loopback, and `PushManager` hands out a subscription at it. All else is real: the worker,
the permission, the box's message over TLS, and how it is shown.
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.doubles.web import Answer, Web
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


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Web]:
    with Web(Answer(201), tls=authority(tmp_path)) as web:
        yield web


@pytest.fixture
def home(tmp_path: Path, service: Web) -> Iterator[BoxProcess]:
    assert service.tls is not None
    config = (
        f'[egress]\nallow_private = true\nca_file = "{service.tls.ca_file}"\n'
        '[push]\nvapid_subject = "mailto:ops@example.org"\n'
    )
    with BoxProcess(tmp_path / "home", config=config) as process:
        yield process


def until(found: Any) -> Any:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if value := found():
            return value
        time.sleep(0.05)
    raise AssertionError("it never came")


def test_push_is_turned_on_comes_and_is_turned_off(
    browser: "Browser", home: BoxProcess, service: Web
) -> None:
    home.post("/sync", {"users": [{"id": "ada", "name": "Ada"}],
        "projects": [{"id": "home", "userId": "ada", "name": "Home"}],
        "tasks": [{"id": "t1", "projectId": "home", "title": "Chore"}]})  # fmt: skip
    token = home.post("/tokens", {"name": "t", "scope": "user:ada"})["token"]
    url = home.url()
    assert url is not None
    subscriber = Subscriber(service.url("/push/one", "localhost"))
    ada = Person(browser, url)
    ada.context.grant_permissions(["notifications"], origin=url)
    ada.page.add_init_script(STAND_IN % json.dumps(subscriber.subscription))
    ada.sign_in(token)
    ada.go("#settings")
    ada.press("Turn push on")
    ada.is_told("This browser receives push messages")
    assert ada.page.evaluate("() => window.serverKey") == 65
    shown = home.get("/users/ada/push-subscriptions")["items"]
    assert [name_of(item, subscriber.endpoint) for item in shown] == ["one"]
    home.post("/queue/notification", {"userId": "ada", "eventType": "task.due_soon",
        "channel": "push", "payload": {"taskId": "t1", "taskName": "Chore"}})  # fmt: skip
    said = subscriber.read(until(lambda: service.seen)[0])
    deliver(ada, url, json.dumps(said))
    shown = ada.page.evaluate(
        """async () => (await (await navigator.serviceWorker.ready).getNotifications())
            .map((n) => [n.title, n.body])"""
    )
    assert shown == [[said["title"], said["body"]]]
    click(ada)
    ada.page.wait_for_url(f"{url}/app/#task-t1")
    ada.heading("Tasks")
    ada.go("#settings")
    ada.press("Turn push off")
    ada.is_told("Off in this browser")
    assert home.get("/users/ada/push-subscriptions")["items"] == []
    assert ada.complaints == []
    assert ada.went_elsewhere() == []
    ada.leave()


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
    home.post("/sync", {"users": [{"id": name, "name": name.title()} for name in ("ada", "bob")]})
    tokens = {
        name: home.post("/tokens", {"name": "t", "scope": f"user:{name}"})["token"]
        for name in ("ada", "bob")
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
    someone.sign_in(tokens["ada"])
    someone.go("#settings")
    someone.press("Turn push on")
    someone.is_told("This browser receives push messages")
    assert (held("ada"), held("bob")) == (["one"], [])
    # Ada's session ends without her; Bob comes, and gets nothing that he did not ask for.
    someone.context.clear_cookies()
    someone.sign_in(tokens["bob"])
    someone.go("#settings")
    assert (held("ada"), held("bob")) == (["one"], [])
    someone.page.evaluate("() => { delete localStorage.held; }")
    someone.page.reload()
    someone.press("Turn push on")
    someone.is_told("This browser receives push messages")
    assert (held("ada"), held("bob")) == (["one"], ["two"])
    someone.press("Sign out")
    someone.heading("Sign in")
    assert (held("ada"), held("bob")) == (["one"], [])
    someone.leave()


def deliver(person: Person, origin: str, data: str) -> None:
    """As the browser does when a message has come to it."""
    session = person.context.new_cdp_session(person.page)
    found: list[str] = []
    session.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: found.extend(r["registrationId"] for r in event["registrations"]),
    )
    session.send("ServiceWorker.enable")
    until(lambda: bool(found) or bool(person.page.wait_for_timeout(50)))
    session.send(
        "ServiceWorker.deliverPushMessage",
        {"origin": origin, "registrationId": found[0], "data": data},
    )
    until(
        lambda: person.page.evaluate(
            """async () => {
                const registration = await navigator.serviceWorker.ready;
                return (await registration.getNotifications()).length;
            }"""
        )
    )


def click(person: Person) -> None:
    """No protocol clicks what the desktop shows; the worker is told that somebody did."""
    person.context.service_workers[0].evaluate(
        """async () => {
            const [notification] = await self.registration.getNotifications();
            self.dispatchEvent(new NotificationEvent("notificationclick", { notification }));
        }"""
    )
