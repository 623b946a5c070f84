"""The page in the development languages: nothing past the catalogues, and mirrored as a whole."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from buildos_box.locales.tags import LANGUAGES
from tests.locales.test_catalogues import outside
from tests.web.browser import Person

if TYPE_CHECKING:
    from tests.web.conftest import Home

pytestmark = pytest.mark.slow
Someone = Callable[..., Person]

VIEWS = ["today", "tasks", "late", "calendar", "projects", "project-{user}-p", "inbox", "search"]
VIEWS += ["settings", "task-{user}-1"]
VIEWS_OF_ANYBODY = ["today", "tasks", "calendar", "projects", "work", "inbox", "search", "settings"]
OVERFLOWING = """() => [...document.querySelectorAll('body *')].filter((one) => {
  const box = one.getBoundingClientRect();
  const style = getComputedStyle(one);
  if (!box.width || !box.height || style.position === 'fixed' || one.closest('.skip')) return false;
  const cut = style.overflowX !== 'visible' && one.scrollWidth > one.clientWidth + 1
    && !one.matches('input, textarea, select, .scroll, pre, .event, .said');
  return cut || box.left < -1 || box.right > innerWidth + 1;
}).map((one) => `${one.tagName} ${one.className} ${one.textContent.slice(0, 60)}`)"""
SIDE = """(one) => {
  const box = one.getBoundingClientRect();
  return (box.left + box.right) / 2 < innerWidth / 2 ? 'left' : 'right';
}"""


def furnish(home: "Home", user: str, locale: str) -> str:
    """Somebody whose own words are digits."""
    token = home.user(user, locale=locale, name="7")
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    day = now.date()
    home.post(
        "/sync",
        {
            "projects": [{"id": f"{user}-p", "userId": user, "name": "100"}],
            "tasks": [
                {
                    "id": f"{user}-{n}",
                    "projectId": f"{user}-p",
                    "title": f"10{n}",
                    "priority": priority,
                    "status": status,
                    "dueDate": (day + timedelta(days=n - 3)).isoformat(),
                }
                for n, (priority, status) in enumerate(
                    [
                        ("urgent", "todo"),
                        ("high", "in_progress"),
                        ("low", "blocked"),
                        ("medium", "done"),
                        ("medium", "todo"),
                        ("medium", "todo"),
                    ],
                    1,
                )
            ],
            "events": [
                {
                    "id": f"{user}-e",
                    "userId": user,
                    "title": "200",
                    "startAt": now.isoformat(),
                    "endAt": (now + timedelta(hours=1)).isoformat(),
                }
            ],
            "notes": [
                {"id": f"{user}-n", "projectId": f"{user}-p", "title": "300", "content": "301"}
            ],
            "deletes": {"projects": [f"{user}-home"]},
        },
    )
    home.post("/queue/phases", {"userId": user, "projectId": f"{user}-p"})
    home.post("/queue/brief", {"userId": user, "forceImmediate": True})
    return token


def signed_in(person: Someone, token: str, **more: Any) -> Person:
    someone = person(**more)
    someone.type_token(token)
    someone.page.locator("header nav a[href='#tasks']").wait_for()
    someone.page.locator(".brief").first.wait_for()
    return someone


def look_at(someone: Person, view: str) -> None:
    someone.page.evaluate("() => document.querySelector('main h1').classList.add('before')")
    someone.go(f"#{view}")
    someone.page.locator("main h1:not(.before)").first.wait_for()
    someone.page.wait_for_load_state("networkidle")
    someone.page.evaluate(
        "() => document.querySelectorAll('main details').forEach((one) => { one.open = true; })"
    )
    someone.page.wait_for_load_state("networkidle")


def test_every_text_of_the_page_went_through_a_catalogue(home: "Home", person: Someone) -> None:
    token = furnish(home, "brackets", "el-XA")
    someone = signed_in(person, token)
    past = []
    for view in VIEWS:
        look_at(someone, view.format(user="brackets"))
        said = someone.page.evaluate("() => document.body.innerText")
        labels = someone.page.evaluate(
            """() => [...document.querySelectorAll('[aria-label], [title], [placeholder]')].flatMap(
                 (one) => ['aria-label', 'title', 'placeholder'].map((n) => one.getAttribute(n)))
               .filter(Boolean)"""
        )
        past += [(view, text) for text in [*said.split("\n"), *labels] if left_over(text)]
    assert past == []


def left_over(text: str) -> str:
    """What went past; names of the box, addresses, zones, and languages by their own name may."""
    if text.strip() in {*LANGUAGES.values(), "el-XA", "ntfy"}:
        return ""
    text = re.sub(r"A calm day\.|BuildOS( Box)?|[\w.]+@example\.org|[A-Z]\w+/[A-Z]\w+", "", text)
    return outside(text)


@pytest.mark.parametrize("width", [1280, 390])
def test_from_right_to_left_the_page_is_mirrored_and_nothing_sticks_out(
    home: "Home", person: Someone, width: int
) -> None:
    user = f"mirror{width}"
    someone = signed_in(person, furnish(home, user, "ar-XB"), width=width)
    assert someone.page.locator("html").get_attribute("dir") == "rtl"
    for view in VIEWS:
        look_at(someone, view.format(user=user))
        assert someone.fits(), view
        assert someone.page.evaluate(OVERFLOWING) == [], view
    look_at(someone, "tasks")
    page = someone.page
    sides = {
        "box to tick": page.locator("main li.task > input:visible").first.evaluate(SIDE),
        "name of the box": page.locator("header .brand").evaluate(SIDE),
        "search": page.locator("header .to-search").evaluate(SIDE),
    }
    assert sides == {"box to tick": "right", "name of the box": "right", "search": "left"}
    assert someone.findings() == []


CUT_OFF = """() => [...document.querySelectorAll('main select')].map((one) => {
  const alone = one.cloneNode();
  alone.append(one.selectedOptions[0].cloneNode(true));
  alone.style.width = 'max-content';
  one.after(alone);
  const wanted = alone.offsetWidth;
  alone.remove();
  return one.offsetWidth && wanted > one.offsetWidth ? one.selectedOptions[0].text : '';
}).filter(Boolean)"""
"""The chosen words of lists that are too narrow for them."""


@pytest.mark.parametrize("tag", ["en-US", "de", "fr", "ar-XB"])
def test_on_a_phone_away_from_home_nothing_sticks_out_or_is_cut_off(
    home: "Home", person: Someone, tag: str
) -> None:
    """The device's zone is another than the person's, so that the settings offer to use it."""
    user = f"away-{tag.lower()}"
    token = home.user(user, locale=tag, timezone="America/New_York")
    someone = person(width=360)
    someone.type_token(token)
    someone.page.locator("header nav a[href='#tasks']").wait_for()
    someone.page.locator("main h1").first.wait_for()
    for view in VIEWS_OF_ANYBODY:
        look_at(someone, view)
        assert someone.fits(), view
        assert someone.page.evaluate(OVERFLOWING) == [], view
    someone.page.get_by_role("button", name="Europe/Berlin").wait_for()
    look_at(someone, "tasks")
    assert someone.page.evaluate(CUT_OFF) == []
