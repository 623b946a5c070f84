"""A box behind the proxies of docs/deploying.md: real servers, TLS, a path of its own."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from email import policy
from email.parser import BytesParser
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.faults.box_process import until
from tests.packaging.proxies import COMMANDS, Proxied, behind, installed
from tests.web.browser import SECONDS, Person, chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow
MOST_LINES = 40
"""Of a stream: signs of life go on coming when nothing else does."""


@pytest.fixture(scope="module", params=COMMANDS)
def proxied(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    if not installed(request.param):
        pytest.skip(f"there is no {request.param} on this machine; apt-get install brings it")
    with behind(request.param, tmp_path_factory.mktemp(request.param)) as found:
        yield found


@pytest.fixture(scope="module")
def browser(proxied: Proxied, tmp_path_factory: pytest.TempPathFactory) -> Iterator["Browser"]:
    """A Chromium that trusts the authority, and resolves no name."""
    executable = chromium()
    if executable is None or shutil.which("certutil") is None:
        pytest.skip("needs Chromium and certutil: apt-get install chromium libnss3-tools")
    home = tmp_path_factory.mktemp("browser")
    store = home / ".pki" / "nssdb"
    store.mkdir(parents=True)
    trust = ["certutil", "-d", f"sql:{store}"]
    subprocess.run([*trust, "-N", "--empty-password"], check=True)
    add = ["-A", "-t", "C,,", "-n", "tests", "-i", str(proxied.authority)]
    subprocess.run([*trust, *add], check=True)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        args = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
        started = playwright.chromium.launch(
            executable_path=executable, args=args, env={"HOME": str(home)}
        )
        yield started
        started.close()


@pytest.fixture
def person(browser: "Browser", proxied: Proxied) -> Iterator[Person]:
    who = Person(browser, proxied.url)
    yield who
    who.leave()
    assert who.went_elsewhere() == []
    assert who.complaints == []


@pytest.fixture(scope="module")
def ada(proxied: Proxied) -> str:
    """Ada's token."""
    users = [{"id": "ada", "name": "Ada", "email": "ada@example.org", "timezone": "Europe/Berlin"}]
    projects = [{"id": "home", "userId": "ada", "name": "Home"}]
    proxied.post("/sync", {"users": users, "projects": projects})
    made: Any = proxied.post("/tokens", {"name": "ada", "scope": "user:ada"})
    return str(made["token"])


def sign_in_link(data: Path) -> str:
    """The whole link of the mail that came."""
    found: list[str] = []

    def arrived() -> bool:
        for file in (data / "outbox").glob("link-*.eml"):
            mail = BytesParser(policy=policy.default).parsebytes(file.read_bytes())
            found.extend(re.findall(r"https://\S+/app/#sign-in=[0-9a-z]+", mail.get_content()))
        return bool(found)

    assert until(arrived, seconds=SECONDS)
    return found[0]


def client(proxied: Proxied, token: str, *, come_from: str = "127.0.0.1") -> httpx.Client:
    """Somebody of that address, who checks the certificate."""
    transport = httpx.HTTPTransport(verify=_trusting(proxied.authority), local_address=come_from)
    return httpx.Client(
        transport=transport,
        base_url=proxied.url,
        headers={"Authorization": f"Bearer {token}"},
        timeout=20,
        trust_env=False,
    )


def _trusting(authority: Path) -> Any:
    import ssl

    return ssl.create_default_context(cafile=str(authority))


def test_the_page_signs_in_and_adds_a_task(proxied: Proxied, person: Person, ada: str) -> None:
    person.sign_in(ada)
    assert person.page.url.startswith(f"{proxied.url}/app/")
    person.go("#tasks")
    person.type_into("New task", "Through the proxy")
    person.page.keyboard.press("Enter")
    person.is_told("Added.")


def test_the_page_watches_a_brief_while_it_is_written(
    proxied: Proxied, person: Person, ada: str
) -> None:
    person.sign_in(ada)
    person.press("Write it now")
    person.is_told("Your brief is ready")


def test_a_mailed_link_signs_in(proxied: Proxied, person: Person, ada: str) -> None:
    person.go()
    person.type_into("Your mail address", "ada@example.org")
    person.page.keyboard.press("Enter")
    person.is_told("a link is on its way")
    person.page.goto(sign_in_link(proxied.process.data))
    person.press("Sign in as Ada")
    person.heading("Today")


@pytest.mark.parametrize("path", ["/docs", "/docs/"])
def test_the_page_of_the_api_shows_its_routes(proxied: Proxied, person: Person, path: str) -> None:
    person.page.goto(f"{proxied.url}{path}")
    for _ in range(SECONDS * 10):
        shown = person.page.evaluate("document.querySelector('rapi-doc').shadowRoot?.textContent")
        if "/queue/brief" in (shown or ""):
            break
        person.page.wait_for_timeout(100)
    assert "/queue/brief" in shown
    assert proxied.url in shown


def test_events_come_as_they_happen(proxied: Proxied, ada: str) -> None:
    with client(proxied, ada) as http, http.stream("GET", "/users/ada/events") as stream:
        assert stream.status_code == 200
        lines = stream.iter_lines()
        next(lines)
        proxied.post("/sync", {"tasks": [{"id": "one", "projectId": "home", "title": "One"}]})
        queued: Any = proxied.post("/queue/phases", {"userId": "ada", "projectId": "home"})
        # The stream stays open: from a proxy that held answers back, nothing would come.
        assert any(queued["jobId"] in line for line in islice(lines, MOST_LINES))


def test_each_client_has_limits_of_its_own(proxied: Proxied) -> None:
    with client(proxied, "wrong", come_from="127.0.0.2") as guesser:
        found = [guesser.get("/jobs").status_code for _ in range(5)]
        assert found == [401, 401, 401, 429, 429]
        spoofed = guesser.get("/jobs", headers={"X-Forwarded-For": "203.0.113.9"})
        assert spoofed.status_code == 429
    with client(proxied, "wrong", come_from="127.0.0.3") as other:
        assert other.get("/jobs").status_code == 401


def test_a_large_body_passes(proxied: Proxied) -> None:
    token = (proxied.process.data / "admin-token").read_text("utf-8").strip()
    with client(proxied, token) as http:
        body = {"padding": "x" * 3_000_000}
        assert http.post("/sync", json=body).status_code == 200
