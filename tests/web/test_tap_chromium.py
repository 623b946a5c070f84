"""The one-button page that a mail's *Done* link opens, in a browser (docs/spec.md#signed-links)."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.web.browser import Person
from tests.web.mails import brief_mail, link_of
from tests.web.test_tasks_chromium import tasks_of

if TYPE_CHECKING:
    from tests.web.conftest import Home

pytestmark = pytest.mark.slow
Someone = Callable[..., Person]


def done_link(home: "Home", user: str) -> str:
    """The first such link of that person's brief."""
    return link_of(brief_mail(home, user), "done")


def done_tasks(home: "Home", user: str) -> int:
    return sum(task["status"] == "done" for task in tasks_of(home, user).values())


def opens(person: Person, link: str) -> None:
    """Open the page, and let its script come to its end."""
    person.page.goto(link)
    person.page.evaluate("() => import(new URL('../../app/tap.js', location))")
    person.heading("Mark it as done?")


def test_who_is_signed_in_needs_one_tap(home: "Home", person: Someone) -> None:
    token = home.user("tapper")
    link = done_link(home, "tapper")
    ada = person()
    ada.sign_in(token)
    ada.page.goto(link)
    ada.heading("Done", exact=True)
    assert done_tasks(home, "tapper") == 1


def test_nothing_is_pressed_for_who_is_not_signed_in(home: "Home", person: Someone) -> None:
    home.user("guest")
    link = done_link(home, "guest")
    ada = person()
    opens(ada, link)
    assert ada.page.get_by_role("button", name="Done").is_enabled()
    assert done_tasks(home, "guest") == 0


def test_nothing_is_pressed_for_who_is_signed_in_as_somebody_else(
    home: "Home", person: Someone
) -> None:
    home.user("owner")
    token = home.user("other")
    link = done_link(home, "owner")
    bob = person()
    bob.sign_in(token)
    opens(bob, link)
    assert done_tasks(home, "owner") == 0
