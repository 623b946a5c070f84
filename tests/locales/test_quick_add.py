"""Quick add takes the names of days in the person's language (docs/spec.md#quick-add)."""

import pytest

from tests.world import BoxWorld


@pytest.mark.parametrize(
    ("locale", "line", "title", "due"),
    [
        ("de", "Miete zahlen Freitag um 17:00", "Miete zahlen", "2024-10-25T17:00:00.000Z"),
        ("de", "Brot holen morgen", "Brot holen", "2024-10-24"),
        ("es", "Pagar lunes a las 9:00", "Pagar", "2024-10-28T09:00:00.000Z"),
        ("pl", "Telefon jutro", "Telefon", "2024-10-24"),
        ("pt-BR", "Ligar segunda-feira", "Ligar", "2024-10-28"),
        ("fr", "Payer aujourd'hui", "Payer", "2024-10-23"),
        ("fr", "Payer aujourd’hui", "Payer", "2024-10-23"),
        ("fr", "Aller à la mer", "Aller à la mer", None),
        ("de", "Pay rent friday", "Pay rent", "2024-10-25"),
        ("de", "Mach es so", "Mach es so", None),
        ("de", "Oma Fr. 17:00 Uhr", "Oma", "2024-10-25T17:00:00.000Z"),
        ("de", "Oma am 3.12. um 14:30", "Oma", "2024-12-03T14:30:00.000Z"),
        ("en-GB", "Pay on 3/12", "Pay", "2024-12-03"),
        (None, "Call mum tomorrow at 9", "Call mum", "2024-10-24T09:00:00.000Z"),
        (None, "Brot holen morgen", "Brot holen morgen", None),
    ],
)
async def test_days_are_read_in_the_persons_language(
    box: BoxWorld, locale: str | None, line: str, title: str, due: str | None
) -> None:
    await box.person()
    await box.call("PATCH", "/users/ada", {"locale": locale})
    found = await box.get("/users/ada/quick-add", params={"text": line})
    assert (found["title"], found["dueAt"] or found["dueDate"]) == (title, due)


async def test_priorities_have_the_names_of_the_persons_language(box: BoxWorld) -> None:
    await box.person()
    await box.call("PATCH", "/users/ada", {"locale": "de"})
    path = "/users/ada/quick-add"
    for mark, priority in (("!hoch", "high"), ("!wichtig", "high"), ("!low", "low"), ("!n", "low")):
        found = await box.get(path, params={"text": f"Miete freitag {mark}"})
        assert (found["title"], found["dueDate"], found["priority"]) == (
            "Miete", "2024-10-25", priority)  # fmt: skip
