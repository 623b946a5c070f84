"""The page in a real browser: keyboard, narrow, wide, light, dark (docs/spec.md#page-content)."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.box_process import until
from tests.web.browser import SECONDS, Person

if TYPE_CHECKING:
    from tests.web.conftest import Home

pytestmark = pytest.mark.slow
PAGES = {"#today": "Today", "#tasks": "Tasks", "#late": "Sort out what is late",
         "#tasks-done": "Done tasks", "#calendar": " to ", "#projects": "Projects",
         "#work": "How you work", "#inbox": "Inbox", "#search": "Search",
         "#settings": "Settings"}  # fmt: skip
Someone = Callable[..., Person]


def test_a_brief_is_asked_for_and_watched_while_it_is_written(
    home: "Home", person: Someone
) -> None:
    token = home.user("ada")
    ada = person()
    ada.sign_in(token)
    assert token not in ada.page.url
    assert ada.page.evaluate("() => document.cookie + localStorage.length") == "0"
    ada.sees("No brief for this day yet")
    home.gate.shut()
    ada.press("Write it now")
    ada.heading("Your brief is being written", 2)
    ada.is_told("Analyzing the day")
    bar = ada.page.get_by_role("progressbar")
    assert 0 < bar.evaluate("e => e.value") < 100
    home.gate.open()
    ada.is_told("Your brief is ready")
    ada.heading("Do first", 3)
    ada.press("Write it again")
    ada.is_told("Your brief is ready")


def test_a_brief_that_a_person_asks_for_is_mailed_at_once(home: "Home", person: Someone) -> None:
    """Also to who has no brief time; one that a program asks for would not be mailed to them."""
    ada = person()
    token = home.user("click")
    home.post("/sync", {"preferences": [{"userId": "click", "isActive": False}]})
    ada.sign_in(token)
    ada.press("Write it now")
    ada.is_told("Your brief is ready")
    assert until(lambda: len(home.get("/users/click/emails")["items"]) == 1, seconds=SECONDS)


def test_a_brief_that_is_being_written_can_be_stopped(home: "Home", person: Someone) -> None:
    ada = person()
    ada.sign_in(home.user("stop"))
    home.gate.shut()
    ada.press("Write it now")
    ada.is_told("Analyzing the day")
    ada.press("Stop")
    ada.is_told("Stopped")
    ada.sees("Write it now")


def test_a_second_window_that_comes_later_sees_it_being_written(
    home: "Home", person: Someone
) -> None:
    token = home.user("two")
    home.gate.shut()
    home.post("/queue/brief", {"userId": "two"})
    late = person()
    late.sign_in(token)
    late.is_told("Analyzing the day")
    home.gate.open()
    late.heading("Do first", 3)


def sign_in_link(home: "Home", user: str) -> str:
    home.user(user)
    return str(home.post(f"/users/{user}/sign-in-link")["url"].partition("/app/")[2])


def test_a_link_signs_in_once(home: "Home", person: Someone) -> None:
    fragment = sign_in_link(home, "link")
    first, second = person(), person()
    first.go(fragment)
    first.press("Sign in as Link")
    first.heading("Today")
    assert first.page.url == f"{home.url}/app/"
    first.page.reload()
    first.heading("Today")
    second.go(fragment)
    second.heading("Sign in")
    second.sees("this link is used up or too old")


def test_a_link_that_is_only_opened_signs_nobody_in_and_stays_good(
    home: "Home", person: Someone
) -> None:
    """Scanners of mail open links and run their scripts."""
    fragment = sign_in_link(home, "scanned")
    scanner, scanned = person(), person()
    scanner.go(fragment)
    scanner.sees("This link signs you in as Scanned")
    assert scanner.findings() == []
    scanner.press("Do not sign in")
    scanner.sees("Sign in with a token")
    scanned.go(fragment)
    scanned.press("Sign in as Scanned")
    scanned.heading("Today")


def test_a_strangers_link_takes_nobodys_place_unasked(home: "Home", person: Someone) -> None:
    fragment = sign_in_link(home, "mallory")
    ada = person()
    ada.sign_in(home.user("grace"))
    ada.go(fragment)
    ada.page.get_by_role("alert").filter(has_text="You are signed in as Grace").wait_for()
    ada.press("Do not sign in")
    ada.heading("Today")
    assert ada.page.evaluate(WHO) == "grace"
    # What the page still asks for Grace would be refused to Mallory.
    ada.page.wait_for_load_state("networkidle")
    ada.go(fragment)
    ada.press("Sign in as Mallory")
    ada.heading("Today")
    assert ada.page.evaluate(WHO) == "mallory"


WHO = (
    """async () => (await (await fetch("session", {headers: {"X-Box-Page": "1"}})).json()).userId"""
)


def test_a_wrong_token_is_told_where_it_was_typed(person: Someone) -> None:
    someone = person()
    someone.type_token("bos_nothing")
    someone.page.get_by_role("alert").filter(has_text="this token is not valid").wait_for()


def test_a_token_for_everybody_is_asked_whose_page_and_no_token_for_one(
    home: "Home", person: Someone
) -> None:
    home.user("one")
    home.user("other")
    someone = person()
    someone.type_token("")
    field = someone.page.locator("[data-field=token]")
    field.locator(".fault").filter(has_text="It begins with bos_.").wait_for()
    someone.type_into("Your token", str(home.process.http.headers["Authorization"]).split()[1])
    someone.page.keyboard.press("Enter")
    fault = someone.page.locator("[data-field=userId] .fault")
    fault.wait_for()
    assert fault.inner_text() == "Whose page: is required, as this token may act for every user."
    someone.type_into("Whose page?", "other")
    someone.page.keyboard.press("Enter")
    someone.heading("Today")


def test_signing_out(home: "Home", person: Someone) -> None:
    ada = person()
    ada.sign_in(home.user("out"))
    ada.go("#settings")
    ada.press("Sign out")
    ada.heading("Sign in")
    ada.page.reload()
    ada.heading("Sign in")


def test_tasks_are_ticked_off_and_added(home: "Home", person: Someone) -> None:
    ada = person()
    ada.sign_in(home.user("tasks"))
    ada.press("Tasks", role="link")
    ada.type_into("New task", "Buy <b>paint</b> #Home")
    ada.page.keyboard.press("Enter")
    ada.is_told("Added.")
    box = ada.page.get_by_role("checkbox", name="Chore 1")
    ada.tab_to(box)
    ada.page.keyboard.press("Space")
    ada.is_told("Done.")
    found = {task["title"]: task["status"] for task in home.get("/users/tasks/tasks")["items"]}
    assert found == {"Buy <b>paint</b>": "todo", "Chore 1": "done", "Chore 2": "todo"}


def test_the_inbox_fills_by_itself(home: "Home", person: Someone) -> None:
    ada = person()
    ada.sign_in(home.user("inbox"))
    ada.press("Inbox", role="link")
    ada.sees("Nothing has come yet")
    home.post("/queue/notification", {
        "userId": "inbox", "eventType": "task.due_soon", "channel": "in_app",
        "payload": {"taskId": "inbox-1", "taskName": "Chore 1"}})  # fmt: skip
    notice = ada.page.get_by_role("listitem").filter(has_text="Chore 1").get_by_role("link")
    notice.wait_for()
    ada.page.locator("#unread").filter(has_text="1").wait_for()
    ada.press("Mark all as read")
    ada.is_told("All are read")
    ada.tab_to(notice)
    ada.page.keyboard.press("Enter")
    ada.heading("Tasks")
    ada.page.locator("li.marked").get_by_text("Chore 1").wait_for()
    ada.page.get_by_role("dialog", name="Task").wait_for()


def test_preferences_are_changed(home: "Home", person: Someone) -> None:
    ada = person()
    ada.sign_in(home.user("prefs"))
    ada.go("#settings")
    brief = ada.page.get_by_role("form", name="Your daily brief")
    ada.tab_to(brief.get_by_label("Write me a brief"))
    ada.page.keyboard.press("Space")
    ada.tab_to(brief.get_by_label("How often"))
    ada.page.keyboard.press("o")  # On weekdays
    ada.tab_to(brief.get_by_label("At", exact=True))
    ada.page.keyboard.type("0715a")
    brief.get_by_text("More", exact=True).click()
    brief.get_by_label("Working hours until").fill("17:30")
    brief.get_by_label("Send it also when there is nothing to tell").check()
    ada.tab_to(brief.get_by_role("button", name="Save"))
    ada.page.keyboard.press("Enter")
    ada.is_told("Saved.")
    stored = home.get("/users/prefs/preferences")
    assert (stored["isActive"], stored["frequency"], stored["timeOfDay"][:5]) == (
        True, "weekdays", "07:15")  # fmt: skip
    assert (stored["workStarts"][:5], stored["workEnds"][:5], stored["sendEmptyBriefs"]) == (
        "09:00", "17:30", True)  # fmt: skip
    ada.type_into("Where you live", "Mars/Olympus")
    ada.page.keyboard.press("Enter")
    zone = ada.page.get_by_label("Where you live")
    ada.sees("Choose a city near you")
    ada.page.locator("[aria-invalid=true]").wait_for()
    assert zone.evaluate("e => e === document.activeElement && e.ariaInvalid") == "true"
    ada.type_into("Where you live", "lima")
    ada.page.keyboard.press("Enter")
    ada.page.locator("[aria-invalid=true]").wait_for(state="detached")
    # What was told before may still be read: only the box knows whether this was saved too.
    assert until(lambda: home.get("/users/prefs")["timezone"] == "America/Lima", seconds=SECONDS)
    ada.is_told("Saved.")


def test_quiet_hours_and_reminders(home: "Home", person: Someone) -> Any:
    ada = person()
    ada.sign_in(home.user("quiet"))
    ada.go("#settings")
    notices = ada.page.get_by_role("form", name="How you are told")
    ada.tab_to(notices.get_by_label("Quiet from", exact=True))
    ada.page.keyboard.type("10")
    ada.page.keyboard.press("Enter")
    ada.sees("This is not complete")
    assert home.get("/users/quiet/notification-preferences")["dndStart"] is None
    ada.page.keyboard.type("00p")
    ada.tab_to(notices.get_by_label("Quiet until", exact=True))
    ada.page.keyboard.type("0700a")
    ada.page.keyboard.press("Enter")
    ada.is_told("Saved.")
    stored = home.get("/users/quiet/notification-preferences")
    assert (stored["dndStart"], stored["dndEnd"]) == ("22:00", "07:00")
    ada.tab_to(notices.get_by_label("Remind me of events"))
    ada.page.keyboard.press("Space")
    ada.page.keyboard.press("Enter")

    def wanted() -> bool:
        schedule = home.get("/sms/scheduled")["schedule"]
        mine = [s for s in schedule if s["userId"] == "quiet"]
        return [(s["enabled"], s["quiet_hours_start"], s["quiet_hours_end"]) for s in mine] == [
            (True, "22:00", "07:00")]  # fmt: skip

    assert until(wanted, seconds=SECONDS)


def test_unsubscribing_and_coming_back(home: "Home", person: Someone) -> None:
    ada = person()
    ada.sign_in(home.user("unsub"))
    ada.go("#settings")
    brief = ada.page.get_by_role("form", name="Your daily brief")

    def stored(wanted: bool) -> bool:
        return home.get("/users/unsub/email-subscriptions")["briefs"] is wanted

    for wanted in (False, True):
        ada.tab_to(brief.get_by_label("Send it by mail"))
        ada.page.keyboard.press("Space")
        ada.page.keyboard.press("Enter")
        ada.is_told("Saved.")
        assert until(partial(stored, wanted), seconds=SECONDS)


def test_an_answer_that_comes_late_hides_nothing_newer(home: "Home", person: Someone) -> None:
    ada = person()
    ada.sign_in(home.user("late"))
    ada.page.wait_for_load_state("networkidle")
    held: list[Any] = []
    answers: list[Any] = []

    def hold_the_first(route: Any) -> None:
        if held:
            route.continue_()
        else:
            held.append(route)
            answers.append(route.fetch())

    home.gate.shut()
    ada.page.route("**/users/late/jobs?*", hold_the_first)
    ada.press("Write it now")
    ada.is_told("Analyzing the day")
    # Handlers of routes run while the page is waited for.
    assert until(lambda: bool(answers) or bool(ada.page.wait_for_timeout(50)), seconds=SECONDS)
    held[0].fulfill(response=answers[0])
    ada.page.wait_for_load_state("networkidle")
    ada.is_told("Analyzing the day")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [360, 768, 1280])
def test_every_page_fits_and_axe_finds_nothing(
    home: "Home", person: Someone, width: int, dark: bool
) -> None:
    user = f"axe{width}{dark}"
    token = home.user(user)
    home.post("/queue/notification", {
        "userId": user, "eventType": "task.due_soon", "channel": "in_app",
        "payload": {"taskId": f"{user}-1", "taskName": "Chore 1"}})  # fmt: skip
    ada = person(width=width, dark=dark)
    ada.go()
    ada.heading("Sign in")
    assert ada.findings() == []
    ada.sign_in(token)
    home.gate.shut()
    ada.press("Write it now")
    ada.is_told("Analyzing the day")
    assert ada.findings() == []
    home.gate.open()
    ada.heading("Do first", 3)
    for fragment, title in PAGES.items():
        ada.go(fragment)
        ada.heading(title)
        assert ada.fits(), f"{fragment} is wider than {width}"
        assert ada.findings() == [], fragment
    if dark:
        colour = ada.page.evaluate(
            "() => getComputedStyle(document.documentElement).backgroundColor"
        )
        assert colour == "rgb(21, 24, 28)"
