"""The page in a real browser: phases, and verifying a phone number."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.faults.box_process import BoxProcess, until
from tests.web.browser import Person

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.web.conftest import Home

pytestmark = pytest.mark.slow
Someone = Callable[..., Person]
NUMBER = "+14155552671"


def test_a_project_is_planned_in_phases(home: "Home", person: Someone) -> None:
    ada = person()
    ada.sign_in(home.user("plan"))
    ada.go("#project-plan-home")
    ada.heading("Home")
    home.gate.shut()
    ada.press("Plan in phases")
    ada.sees("Being planned…")
    home.gate.open()
    ada.page.get_by_role("button", name="Plan anew").wait_for()
    phases = home.get("/projects/plan-home/phases")["phases"]
    shown = ada.page.locator("ol.phases strong").all_inner_texts()
    assert shown == [phase["name"] for phase in phases] != []
    tasks = ada.page.locator("ol.phases ul li").all_inner_texts()
    assert sorted(tasks) == ["Chore 1", "Chore 2"]
    assert ada.findings() == []


def test_a_number_is_proved_by_the_code_that_came(home: "Home", person: Someone) -> None:
    ada = person()
    ada.sign_in(home.user("phone"))
    ada.go("#settings")
    ada.sees("The box knows no number of yours")
    ada.type_into("Phone number", NUMBER)
    ada.page.keyboard.press("Enter")
    ada.is_told("A code is on its way")
    assert until(lambda: bool(home.twilio.sent), seconds=20)
    (sent,) = home.twilio.sent
    code = sent["Body"].partition("code is ")[2][:6]
    assert sent["To"] == NUMBER
    ada.type_into("Code", "000000" if code != "000000" else "111111")
    ada.page.keyboard.press("Enter")
    ada.sees("is not the code that was sent")
    ada.type_into("Code", code)
    ada.page.keyboard.press("Enter")
    ada.is_told("Your number is verified")
    ada.sees(f"{NUMBER}: verified")
    (mine,) = [s for s in home.get("/sms/scheduled")["schedule"] if s["userId"] == "phone"]
    assert (mine["phone_number"], mine["phone_verified"]) == (NUMBER, True)


@pytest.mark.parametrize(
    ("locale", "button", "said"),
    [
        ("en-US", "Send a code", "This box sends no text messages."),
        ("de", "Code senden", "Diese Box verschickt keine SMS."),
    ],
)
def test_a_box_without_sms_says_so(
    browser: "Browser", tmp_path: Path, locale: str, button: str, said: str
) -> None:
    with BoxProcess(tmp_path) as box:
        box.post("/sync", {"users": [{"id": "ada", "name": "Ada", "locale": locale}]})
        url = box.url()
        assert url is not None
        ada = Person(browser, url)
        ada.type_token(box.post("/tokens", {"name": "ada", "scope": "user:ada"})["token"])
        ada.page.locator("header nav a[href='#settings']").click()
        phone = ada.page.locator("form:has([name=phoneNumber])")
        phone.locator("[name=phoneNumber]").fill(NUMBER)
        phone.get_by_role("button", name=button).click()
        phone.get_by_role("alert").filter(has_text=said).wait_for()
        ada.leave()


def test_a_chat_is_proved_by_the_code_that_came_and_takes_reminders(
    home: "Home", person: Someone
) -> None:
    ada = person()
    ada.sign_in(home.user("chat"))
    ada.go("#settings")
    ada.sees("The box knows no chat of yours")
    ada.sees("Your topic: letters, digits")
    ada.type_into("Your part of its address", "a/b")
    ada.page.keyboard.press("Enter")
    fault = ada.page.locator("[data-field=target] .fault")
    fault.wait_for()
    assert fault.inner_text().startswith("Your topic: letters, digits")
    ada.type_into("Your part of its address", "chat-7f3k2q")
    ada.page.keyboard.press("Enter")
    ada.is_told("A code is on its way")
    assert until(lambda: bool(home.ntfy.taken), seconds=20)
    (sent,) = home.ntfy.taken
    assert sent["topic"] == "chat-7f3k2q"
    ada.type_into("Code from your chat", sent["message"].partition("code is ")[2][:6])
    ada.page.keyboard.press("Enter")
    ada.is_told("Your chat is verified")
    ada.sees("ntfy: verified")
    ada.page.get_by_label("Reminders come").select_option("chat")
    ada.page.get_by_label("Remind me of events").check()
    ada.page.get_by_role("form", name="How you are told").get_by_role("button", name="Save").click()
    ada.is_told("Saved.")
    (mine,) = [s for s in home.get("/sms/scheduled")["schedule"] if s["userId"] == "chat"]
    assert (mine["enabled"], mine["reminder_channel"]) == (True, "chat")
    assert ada.findings() == []
    ada.page.get_by_role("button", name="Remove it").click()
    ada.sees("The box knows no chat of yours")


def test_a_place_is_looked_up_and_told_back(home: "Home", person: Someone) -> None:
    ada = person()
    ada.sign_in(home.user("weather"))
    ada.go("#settings")
    ada.type_into("Your place", "Atlantis")
    ada.page.keyboard.press("Enter")
    ada.sees("no place called 'Atlantis' is known")
    ada.type_into("Your place", "Berlin")
    ada.page.keyboard.press("Enter")
    ada.is_told("Your brief tells of the weather in Berlin, Land Berlin, Germany.")
    assert home.get("/users/weather/place")["place"] == "Berlin"
    assert ada.findings() == []
    ada.page.get_by_label("Your place").fill("")
    ada.page.get_by_label("Your place").press("Enter")
    ada.is_told("Saved.")
    assert home.get("/users/weather/place")["place"] is None


def test_a_mail_address_is_confirmed_by_the_code_that_came(home: "Home", person: Someone) -> None:
    ada = person()
    ada.sign_in(home.user("mail"))
    ada.go("#settings")
    ada.type_into("Mail address", "new@example.net")
    ada.page.keyboard.press("Enter")
    ada.is_told("Now confirm your mail address")
    ada.sees("new@example.net is not confirmed")
    outbox = home.process.data / "outbox"
    assert until(lambda: any(outbox.glob("confirmation-*.eml")), seconds=20)
    (mail,) = outbox.glob("confirmation-*.eml")
    code = mail.read_text("utf-8").partition("code is ")[2][:6]
    ada.type_into("Code from the mail", "000000" if code != "000000" else "111111")
    ada.page.keyboard.press("Enter")
    ada.sees("is not the code that was sent")
    ada.type_into("Code from the mail", code)
    ada.page.keyboard.press("Enter")
    ada.is_told("new@example.net is confirmed")
    assert home.get("/users/mail")["emailConfirmed"] is True
    assert ada.findings() == []
