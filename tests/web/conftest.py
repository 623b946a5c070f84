"""One browser and one served box for each module of tests with a browser."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.doubles.chat import NtfyDouble
from tests.doubles.llm import Behaviour, LlmDouble, ok
from tests.doubles.open_meteo import OpenMeteo
from tests.doubles.twilio import ACCOUNT, SERVICE, TOKEN, TwilioDouble
from tests.faults.box_process import BoxProcess
from tests.web.browser import Person, chromium, launched

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CONFIG = """
[[llm.providers]]
name = "slow"
kind = "openai"
base_url = "{url}"
model = "any"
api_key = "k"
timeout_seconds = 60

[sms]
account_sid = "{account}"
auth_token = "{token}"
messaging_service_sid = "{service}"
api_base_url = "{twilio}"

[weather]
enabled = true
url = "{weather}"
geocoding_url = "{places}"

[chat.ntfy]
url = "{ntfy}"

[egress]
allow_private = ["127.0.0.1/32"]

[queue.lanes.llm]
concurrency = 4
"""

ANALYSIS = {"summary": "A calm day.", "priorities": []}


@dataclass
class Gate:
    """Holds the language model's answers back until it is opened."""

    opened: threading.Event

    def shut(self) -> None:
        self.opened.clear()

    def open(self) -> None:
        self.opened.set()


@dataclass
class Home:
    """A box that serves, with a model whose answers can be held back, SMS and a chat service."""

    process: BoxProcess
    gate: Gate
    twilio: TwilioDouble
    ntfy: NtfyDouble

    @property
    def url(self) -> str:
        url = self.process.url()
        assert url is not None
        return url

    def post(self, path: str, body: Any = None) -> Any:
        return self.process.post(path, body)

    def get(self, path: str) -> Any:
        return self.process.get(path)

    def user(self, user_id: str, **more: Any) -> str:
        """A user with one project and two open tasks; returns their token."""
        self.post(
            "/sync",
            {
                "users": [
                    {
                        "id": user_id,
                        "name": user_id.title(),
                        "email": f"{user_id}@example.org",
                        "timezone": "Europe/Berlin",
                        **more,
                    }
                ],
                "projects": [{"id": f"{user_id}-home", "userId": user_id, "name": "Home"}],
                "tasks": [
                    {"id": f"{user_id}-{n}", "projectId": f"{user_id}-home", "title": f"Chore {n}"}
                    for n in (1, 2)
                ],
            },
        )
        made = self.post("/tokens", {"name": user_id, "scope": f"user:{user_id}"})
        return str(made["token"])


# A module each, since while one of them lasts no async test can run in this thread.
@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    executable = chromium()
    if executable is None:
        pytest.skip("there is no Chromium on this machine; apt-get install chromium brings it")
    with launched(executable) as found:
        yield found


@pytest.fixture(scope="module")
def home(browser: "Browser", tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    opened = threading.Event()
    opened.set()

    def act(double: Any, handler: Any, call: Any) -> None:
        opened.wait(60)
        # A good answer: five bad ones in a row, and the box would ask this model no more.
        ok(ANALYSIS).act(double, handler, call)

    with (
        LlmDouble() as model,
        TwilioDouble(None) as twilio,
        NtfyDouble() as ntfy,
        OpenMeteo() as meteo,
    ):
        model.default(Behaviour("held", act))
        folder: Path = tmp_path_factory.mktemp("home")
        config = CONFIG.format(
            url=model.url,
            twilio=twilio.url,
            account=ACCOUNT,
            token=TOKEN,
            service=SERVICE,
            ntfy=ntfy.template,
            weather=meteo.url,
            places=meteo.geocoding_url,
        )
        with BoxProcess(folder, config=config) as process:
            yield Home(process, Gate(opened), twilio, ntfy)
            opened.set()


@pytest.fixture
def person(browser: "Browser", home: Home) -> Iterator[Callable[..., Person]]:
    """Makes people at windows; at the end none has gone elsewhere or met an error."""
    made: list[Person] = []

    def make(**more: Any) -> Person:
        made.append(Person(browser, home.url, **more))
        return made[-1]

    yield make
    home.gate.open()
    for who in made:
        who.leave()
    for who in made:
        assert who.went_elsewhere() == []
        assert who.complaints == []
