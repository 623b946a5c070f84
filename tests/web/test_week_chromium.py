"""A person's week on the page, from the brief's mail to signing in again."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.faults.box_process import until
from tests.web.browser import SECONDS, Person
from tests.web.mails import brief_mail, link_of, sign_in_link
from tests.web.test_tasks_chromium import BERLIN, comes_true, day, tasks_of

if TYPE_CHECKING:
    from tests.web.conftest import Home

pytestmark = pytest.mark.slow
Someone = Callable[..., Person]
NUMBER = "+14155552671"
LEAD_MINUTES = 30


def settle_in(home: "Home") -> None:
    """Somebody with work for today, two late tasks, and a phone for reminders."""
    home.user("week")
    home.post("/sync", {
        "tasks": [{"id": f"week-{title.lower()}", "projectId": "week-home", "title": title,
                   "dueDate": day(offset)} for title, offset in
                  (("Bread", 0), ("Letter", 0), ("Window", -3), ("Invoice", -4))],
        "smsPreferences": [{"userId": "week", "phoneNumber": NUMBER, "phoneVerified": True,
                            "eventRemindersEnabled": True, "leadTimeMinutes": LEAD_MINUTES}],
    })  # fmt: skip


def test_a_week(home: "Home", person: Someone) -> None:
    settle_in(home)
    link = link_of(brief_mail(home, "week"), "brief")
    ada = person(offline_errors=True)

    ada.page.goto(link)
    assert ada.findings() == []
    for count in (1, 2):
        ada.page.get_by_role("link", name="Done").first.click()
        ada.press("Done")
        ada.heading("Done", exact=True)
        assert sum(t["status"] == "done" for t in tasks_of(home, "week").values()) == count
        ada.page.goto(link)

    ada.go()
    ada.type_into("Your mail address", "week@example.org")
    ada.page.keyboard.press("Enter")
    ada.is_told("a link is on its way")
    ada.go(sign_in_link(home))
    ada.press("Sign in as Week")
    ada.heading("Today")
    assert ada.page.locator("article.brief input:checked").count() == 2

    ada.go("#late")
    ada.heading("Sort out what is late")
    ada.press("Tomorrow")
    ada.is_told("moved: Tomorrow.")
    ada.sees("Nothing is late.")
    late = [tasks_of(home, "week")[title] for title in ("Window", "Invoice")]
    assert all(task["status"] == "done" or task["dueDate"] == day(1) for task in late)

    ada.wait_for_worker()
    ada.context.set_offline(True)
    ada.go("#tasks")
    chore = ada.page.get_by_role("checkbox", name="Chore 1")
    chore.click()
    ada.is_told("Kept here; the box is told")
    ada.context.set_offline(False)
    comes_true(lambda: tasks_of(home, "week")["Chore 1"]["status"] == "done")

    starts = datetime.now(UTC).astimezone(BERLIN) + timedelta(minutes=LEAD_MINUTES // 2)
    ada.go(f"#day-{starts:%Y-%m-%d}")
    ada.press("New event")
    window = ada.page.get_by_role("dialog", name="New event")
    window.get_by_label("What it is").fill("Dentist")
    ends = starts + timedelta(minutes=30)
    window.get_by_label("From (time)").fill(f"{starts:%H:%M}")
    window.get_by_label("Until", exact=True).fill(f"{ends:%Y-%m-%d}")
    window.get_by_label("Until (time)").fill(f"{ends:%H:%M}")
    window.get_by_role("button", name="Save").click()
    ada.is_told("Added.")
    assert until(
        lambda: any("Dentist" in sent["Body"] for sent in home.twilio.sent), seconds=SECONDS * 2
    )

    ada.go("#settings")
    ada.press("Sign out")
    ada.heading("Sign in")
    ada.type_into("Your mail address", "week@example.org")
    ada.page.keyboard.press("Enter")
    ada.is_told("a link is on its way")
    ada.go(sign_in_link(home))
    ada.press("Sign in as Week")
    ada.heading("Today")
