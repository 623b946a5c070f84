"""What is minted from a token is never stronger than it, and ends with it.

A real process is asked over HTTP, by nothing but tokens, cookies, links and tickets.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.faults.box_process import BoxProcess

PAGE = {"X-Box-Page": "1"}
CONFIGURED = "the-frontends-fixed-token"
READ = "/users/ada/briefs"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BoxProcess]:
    folder: Path = tmp_path_factory.mktemp("minted")
    config = f'[auth]\nservice_token = "{CONFIGURED}"\n[server]\nwrong_tokens_per_minute = 0\n'
    with BoxProcess(folder, config=config) as process:
        people = [{"id": name, "name": name.title()} for name in ("ada", "bob")]
        process.post("/sync", {"users": people})
        yield process


def issue(server: BoxProcess, scope: str, **more: Any) -> tuple[str, str]:
    made = server.post("/tokens", {"name": "test", "scope": scope, **more})
    return made["id"], made["token"]


def ask(server: BoxProcess, method: str, path: str, **more: Any) -> httpx.Response:
    """A request of somebody who has nothing but what is given here."""
    url = server.url()
    assert url is not None
    with httpx.Client(base_url=url, timeout=20, trust_env=False) as client:
        return client.request(method, path, **more)


def sign_in(server: BoxProcess, **body: Any) -> httpx.Response:
    return ask(server, "POST", "/app/session", json=body, headers=PAGE)


def cookie(answer: httpx.Response) -> dict[str, str]:
    """The headers with which the page asks after that sign-in."""
    assert answer.status_code == 200, answer.text
    pair = answer.headers["set-cookie"].partition(";")[0]
    return {"Cookie": pair, **PAGE}


def session_token(answer: httpx.Response) -> str:
    return cookie(answer)["Cookie"].partition("=")[2].strip('"')


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_viewer_becomes_nobody_by_signing_in(server: BoxProcess) -> None:
    _, viewer = issue(server, "viewer")
    for body in ({"token": viewer, "userId": "ada"}, {"token": viewer, "userId": "bob"}):
        answer = sign_in(server, **body)
        assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)


def test_a_users_token_signs_in_as_nobody_else(server: BoxProcess) -> None:
    _, ada = issue(server, "user:ada")
    answer = sign_in(server, token=ada, userId="bob")
    assert (answer.status_code, "set-cookie" in answer.headers) == (422, False)


@pytest.mark.parametrize("scope", ["admin", "service", "user:ada"])
def test_what_the_cookie_holds_is_good_in_the_cookie_alone(server: BoxProcess, scope: str) -> None:
    _, token = issue(server, scope)
    answer = sign_in(server, token=token, userId="ada")
    held = session_token(answer)
    assert ask(server, "GET", READ, headers=cookie(answer)).status_code == 200
    assert ask(server, "GET", READ, headers=bearer(held)).status_code == 401
    assert ask(server, "GET", "/app/session", headers=bearer(held)).status_code == 401
    assert sign_in(server, token=held).status_code == 401


def test_a_bearer_token_is_good_in_no_cookie(server: BoxProcess) -> None:
    _, ada = issue(server, "user:ada")
    name = cookie(sign_in(server, token=ada))["Cookie"].partition("=")[0]
    answer = ask(server, "GET", READ, headers={"Cookie": f"{name}={ada}", **PAGE})
    assert answer.status_code == 401


@pytest.mark.parametrize("scope", ["admin", "service", "user:ada"])
def test_a_session_ends_with_the_token_that_opened_it(server: BoxProcess, scope: str) -> None:
    token_id, token = issue(server, scope)
    session = cookie(sign_in(server, token=token, userId="ada"))
    assert ask(server, "GET", READ, headers=session).status_code == 200
    assert server.http.delete(f"/tokens/{token_id}").status_code == 204
    assert ask(server, "GET", READ, headers=session).status_code == 401


def test_a_session_lasts_no_longer_than_its_token(server: BoxProcess) -> None:
    _, token = issue(server, "user:ada", expiresAt="2999-01-01T00:00:00Z")
    long = sign_in(server, token=token)
    assert "Max-Age=2592000" in long.headers["set-cookie"]
    soon = server.get("/health")["timestamp"]
    _, short = issue(server, "user:ada", expiresAt=_an_hour_after(soon))
    age = sign_in(server, token=short).headers["set-cookie"].partition("Max-Age=")[2]
    assert int(age.partition(";")[0]) <= 3600


def _an_hour_after(instant: str) -> str:
    from datetime import datetime, timedelta

    return (datetime.fromisoformat(instant) + timedelta(hours=1)).isoformat()


def test_a_link_and_its_session_end_with_the_token_that_made_it(server: BoxProcess) -> None:
    token_id, service = issue(server, "service")
    codes = []
    for _ in range(2):
        made = ask(server, "POST", "/users/ada/sign-in-link", headers=bearer(service))
        codes.append(made.json()["url"].partition("#sign-in=")[2])
    session = cookie(sign_in(server, code=codes[0]))
    server.http.delete(f"/tokens/{token_id}")
    assert ask(server, "GET", READ, headers=session).status_code == 401
    assert sign_in(server, code=codes[1]).status_code == 401


def test_a_ticket_ends_with_the_token_behind_its_session(server: BoxProcess) -> None:
    token_id, token = issue(server, "user:ada")
    session = cookie(sign_in(server, token=token))
    made = ask(server, "POST", "/users/ada/events/ticket", headers=session)
    server.http.delete(f"/tokens/{token_id}")
    url = f"{server.url()}/users/ada/events?ticket={made.json()['ticket']}"
    # A stream: only its head is read, since a good ticket's has no end.
    with httpx.stream("GET", url, trust_env=False) as answer:
        assert answer.status_code == 401


def test_signing_in_again_ends_the_session_before(server: BoxProcess) -> None:
    _, token = issue(server, "user:ada")
    first = cookie(sign_in(server, token=token))
    again = ask(server, "POST", "/app/session", json={"token": token}, headers=first)
    assert ask(server, "GET", READ, headers=cookie(again)).status_code == 200
    assert ask(server, "GET", READ, headers=first).status_code == 401


def test_the_configured_service_token_takes_its_sessions_with_it(tmp_path: Path) -> None:
    config = '[auth]\nservice_token = "{}"\n'
    with BoxProcess(tmp_path, config=config.format("one-fixed-token-of-the-frontend")) as process:
        process.post("/sync", {"users": [{"id": "ada", "name": "Ada"}]})
        signed = sign_in(process, token="one-fixed-token-of-the-frontend", userId="ada")
        session = cookie(signed)
        assert ask(process, "GET", READ, headers=session).status_code == 200
        process.stop()
        process.start()
        assert ask(process, "GET", READ, headers=session).status_code == 200
        process.stop()
        (tmp_path / "config.toml").write_text(config.format("another-token-since"), "utf-8")
        process.start()
        assert ask(process, "GET", READ, headers=session).status_code == 401
