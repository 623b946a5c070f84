"""Signing in by mail, and being signed out, in a real browser (docs/spec.md#page-sign-in-mail)."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.faults.box_process import until
from tests.web.browser import SECONDS, Person
from tests.web.mails import sign_in_link

if TYPE_CHECKING:
    from tests.web.conftest import Home

pytestmark = pytest.mark.slow
Someone = Callable[..., Person]


def end_sessions(home: "Home", user: str) -> None:
    """As an operator would, or time: the cookie is good for nothing any more."""
    for token in home.get("/tokens")["tokens"]:
        if token["kind"] == "session" and token["scope"] == f"user:{user}":
            home.process.http.delete(f"/tokens/{token['id']}")


def test_somebody_signs_in_with_their_mail_address_alone(home: "Home", person: Someone) -> None:
    home.user("mailed")
    ada = person()
    ada.go()
    ada.type_into("Your mail address", "not an address")
    ada.page.keyboard.press("Enter")
    ada.sees("Write your mail address, like ada@example.org.")
    ada.type_into("Your mail address", "mailed@example.org")
    ada.page.keyboard.press("Enter")
    ada.is_told("If mailed@example.org is known here, a link is on its way.")
    assert ada.findings() == []
    ada.go(sign_in_link(home))
    ada.press("Sign in as Mailed")
    ada.heading("Today")


def test_an_ended_session_says_so_and_keeps_what_was_typed(home: "Home", person: Someone) -> None:
    token = home.user("ended")
    ada = person()
    ada.sign_in(token)
    ada.go("#tasks")
    ada.type_into("New task", "Half a thought")
    end_sessions(home, "ended")
    ada.page.keyboard.press("Enter")
    window = ada.page.get_by_role("dialog", name="You were signed out")
    window.wait_for()
    assert ada.findings() == []
    window.get_by_text("Sign in with a token").click()
    window.get_by_label("Your token").fill(token)
    ada.page.keyboard.press("Enter")
    ada.is_told("You are signed in again.")
    field = ada.page.get_by_label("New task")
    assert field.input_value() == "Half a thought"
    field.press("Enter")
    ada.is_told("Added.")


def test_signing_in_again_by_mail_in_another_window_goes_on_in_the_first(
    home: "Home", person: Someone
) -> None:
    ada = person()
    ada.sign_in(home.user("again"))
    ada.go("#project-again-home")
    ada.press("New note")
    ada.type_into("Text", "Kept words")
    end_sessions(home, "again")
    ada.page.get_by_role("dialog", name="New note").get_by_role("button", name="Save").click()
    window = ada.page.get_by_role("dialog", name="You were signed out")
    window.get_by_label("Your mail address").fill("again@example.org")
    window.get_by_role("button", name="Mail me a link").click()
    ada.is_told("a link is on its way")
    other = ada.context.new_page()
    other.goto(f"{ada.url}/app/{sign_in_link(home)}")
    other.get_by_role("button", name="Sign in as Again").click()
    other.get_by_role("heading", name="Today").wait_for()
    other.close()
    ada.page.evaluate("() => window.dispatchEvent(new Event('focus'))")
    ada.is_told("You are signed in again.")
    note = ada.page.get_by_role("dialog", name="New note")
    assert note.get_by_label("Text").input_value() == "Kept words"
    note.get_by_role("button", name="Save").click()
    ada.sees("Kept words")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_unsubscribing_looks_like_the_page_and_leads_to_the_settings(
    home: "Home", person: Someone, dark: bool
) -> None:
    user = f"stop{dark}".lower()
    token = home.user(user)
    home.post("/queue/brief", {"userId": user, "forceImmediate": True})
    outbox = home.process.data / "outbox"

    def mails() -> list[str]:
        texts = [file.read_text("utf-8") for file in outbox.glob("email-*.eml")]
        return [text for text in texts if f"To: {user}@" in text]

    assert until(lambda: bool(mails()), seconds=SECONDS)
    address = re.search(r"List-Unsubscribe: <([^>]+)>", mails()[0])
    assert address is not None
    ada = person(width=360, dark=dark)
    ada.sign_in(token)
    ada.page.goto(f"{home.url}/unsubscribe/{address[1].rpartition('/')[2]}")
    ada.heading("No more daily briefs by mail?")
    assert ada.fits()
    assert ada.findings() == []
    ada.press("Unsubscribe")
    ada.heading("Done", exact=True)
    assert ada.findings() == []
    ada.press("Choose what you get, and how", role="link")
    ada.heading("Settings")
    assert not ada.page.get_by_label("Send it by mail").is_checked()
