"""The page in a real browser, in the language of whoever reads it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.web.browser import Person

if TYPE_CHECKING:
    from tests.web.conftest import Home

pytestmark = pytest.mark.slow
Someone = Callable[..., Person]


def test_a_person_signs_in_and_chooses_another_language(home: "Home", person: Someone) -> None:
    token = home.user("tongue", locale="de")
    greta = person()
    greta.type_token(token)
    greta.heading("Heute")
    greta.page.get_by_role("link", name="Aufgaben").first.wait_for()
    assert greta.page.locator("html").get_attribute("lang") == "de"
    greta.go("#settings")
    greta.heading("Einstellungen")
    greta.page.get_by_label("Sprache", exact=True).select_option("pl")
    form = greta.page.get_by_role("form", name="Sprache, Uhr und Woche")
    form.get_by_role("button", name="Speichern").click()
    greta.heading("Ustawienia")
    assert home.get("/users/tongue")["locale"] == "pl"
    greta.page.get_by_label("Zegar", exact=True).wait_for()
    assert greta.findings() == []
