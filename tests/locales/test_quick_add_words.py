"""Days and times of a line in each language, and titles that only look like them."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from buildos_box.locales.language import language
from buildos_box.locales.tags import LANGUAGES
from buildos_box.workspace.quick_add import read_quick_task

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 25, 16, 30, tzinfo=UTC)  # a Wednesday, 17:30 in Berlin
WEDNESDAY, THURSDAY, FRIDAY, SATURDAY = (date(2026, 11, day) for day in (25, 26, 27, 28))
MONDAY, TUESDAY = date(2026, 11, 30), date(2026, 12, 1)
THIRD, FOURTH = date(2026, 12, 3), date(2026, 12, 4)
DUE = [
    ("de", "Fritz anrufen Fr. 17:00", FRIDAY, 17),
    ("de", "Fritz anrufen Fr 17:00", FRIDAY, 17),
    ("de", "Fritz anrufen fr 17:00", FRIDAY, 17),
    ("de", "Fritz anrufen Fr.", FRIDAY, None),
    ("de", "Fritz anrufen am Fr", FRIDAY, None),
    ("de", "Fritz anrufen So 17:00", date(2026, 11, 29), 17),
    ("de", "Zahnarzt am Fr., 4. Dez., 17 Uhr", FOURTH, 17),
    ("de", "Zahnarzt am Donnerstag, den 3.12., um 9 Uhr", THIRD, 9),
    ("de", "Zahnarzt am 3.12. um 14:00", THIRD, 14),
    ("de", "Zahnarzt 3.12.2026", THIRD, None),
    ("de", "Zahnarzt bis zum 3.12.", THIRD, None),
    ("de", "Zahnarzt 3.12 14:00", THIRD, 14),
    ("de", "Zahnarzt 3. 1.", date(2027, 1, 3), None),
    ("de", "Zahnarzt am 29.2.", date(2028, 2, 29), None),
    ("de", "Zahnarzt am 4. Dezember 2026 um 9", FOURTH, 9),
    ("de", "Oma übermorgen 18:00", FRIDAY, 18),
    ("de", "Bericht bis Freitag", FRIDAY, None),
    ("de", "Bericht am freitag um 17:00", FRIDAY, 17),
    ("de", "Bericht nächsten Montag", MONDAY, None),
    ("de", "Bericht bis nächsten Montag 9:00", MONDAY, 9),
    ("de", "Bericht nächste Woche", MONDAY, None),
    ("de", "Bericht in 3 Tagen", SATURDAY, None),
    ("de", "Miete freitag um 17:00 Uhr", FRIDAY, 17),
    ("de", "Miete freitag 17 Uhr", FRIDAY, 17),
    ("de", "Miete um 17 Uhr am freitag", FRIDAY, 17),
    ("de", "Miete 18 Uhr", WEDNESDAY, 18),
    ("de", "Brot morgen früh 8:00", THURSDAY, 8),
    ("de", "Feier Freitagabend 20:00", FRIDAY, 20),
    ("de", "Feier am Freitag Abend um 20 Uhr", FRIDAY, 20),
    ("de", "Feier heute Abend 20 Uhr", WEDNESDAY, 20),
    ("de", "Miete heute 9:00", WEDNESDAY, 9),
    ("de-CH", "Miete 3.12. 17.00 Uhr", THIRD, 17),
    ("en-US", "Pay at 17:00 friday", FRIDAY, 17),
    ("en-US", "Pay 5pm friday", FRIDAY, 17),
    ("en-US", "Call tomorrow at 9", THURSDAY, 9),
    ("en-US", "Call at 9 tomorrow", THURSDAY, 9),
    ("en-US", "Pay by next friday at 9 o'clock", FRIDAY, 9),
    ("en-US", "Pay fri. 9 a.m.", FRIDAY, 9),
    ("en-US", "Pay Fri, Dec 4 17:00", FOURTH, 17),
    ("en-US", "Pay on the 4th of December", FOURTH, None),
    ("en-US", "Pay 12/3", THIRD, None),
    ("en-US", "Book for friday 17:00", FRIDAY, 17),
    ("en-US", "Pay the day after tomorrow", FRIDAY, None),
    ("en-US", "Pay tue 2026-12-01", TUESDAY, None),
    ("en-US", "Call tomorrow morning 9:00", THURSDAY, 9),
    ("en-US", "Call tomorrow evening at 8pm", THURSDAY, 20),
    ("en-GB", "Pay on 3/12", THIRD, None),
    ("en-GB", "Pay 3/12 17:00", THIRD, 17),
    ("en-GB", "Pay 3/12/2026", THIRD, None),
    ("fr", "Payer ven. 17h", FRIDAY, 17),
    ("fr", "Payer le 3/12 à 14h", THIRD, 14),
    ("fr", "Payer d’ici vendredi prochain", FRIDAY, None),
    ("fr", "Payer après-demain", FRIDAY, None),
    ("es", "Pagar pasado mañana a las 9", FRIDAY, 9),
    ("es", "Pagar el 3/12 a las 9:00", THIRD, 9),
    ("es", "Pagar vie 17:00", FRIDAY, 17),
    ("it", "Pagare entro venerdì alle 17", FRIDAY, 17),
    ("it", "Pagare venerdi prossimo 17:00", FRIDAY, 17),
    ("it", "Pagare 3/12 17:00", THIRD, 17),
    ("nl", "Bellen vr 17:00", FRIDAY, 17),
    ("nl", "Bellen op 3-12 om 9 uur", THIRD, 9),
    ("nl", "Bellen overmorgen", FRIDAY, None),
    ("pl", "Telefon w piątek o 17", FRIDAY, 17),
    ("pl", "Telefon pt. 17:00", FRIDAY, 17),
    ("pl", "Telefon 3.12 17:00", THIRD, 17),
    ("pl", "Telefon do piątku", FRIDAY, None),
    ("pt-BR", "Ligar depois de amanhã", FRIDAY, None),
    ("pt-BR", "Ligar sexta às 17h", FRIDAY, 17),
    ("pt-BR", "Ligar 03/12 17:00", THIRD, 17),
    ("ja", "電話 12月3日 17:00", THIRD, 17),
    ("ja", "電話 12/3", THIRD, None),
    ("ja", "電話 明後日", FRIDAY, None),
    ("ja", "電話 金曜日までに", FRIDAY, None),
    ("ja", "電話 次の金曜日 17時", FRIDAY, 17),
]
NO_DUE = [
    # Not clearly a day or a time.
    ("en-US", "Buy 3/12 inch screws"),
    ("en-US", "Lunch at 5 Guys"),
    ("en-US", "Read Fr. Müller's letter"),
    ("en-US", "Call Mo"),
    ("en-US", "May be late"),
    ("en-US", "Mix 3/4"),
    ("en-US", "Look at 3"),
    ("en-US", "Support 24/7"),
    ("en-US", "Enjoy the sun"),
    ("en-US", "Catch the 17:00"),
    ("en-US", "Friday 17:00"),
    ("en-GB", "Read part 3/12"),
    ("de", "Buy 3/12 inch screws"),
    ("de", "Lunch at 5 Guys"),
    ("de", "Read Fr. Müller's letter"),
    ("de", "Call Mo"),
    ("de", "May be late"),
    ("de", "Update auf Version 3.12"),
    ("de", "Preis senken um 10"),
    ("de", "Was ich tue"),
    ("de", "Am Freitag"),
    ("de", "Lauf am Morgen"),
    ("de", "Wünsche guten Morgen"),
    ("es", "Correr por la mañana"),
    ("fr", "Aller à la mer"),
    ("fr", "Louer pour 2h"),
    ("fr", "Dîner vendredi à 2"),
    ("fr", "Courir 2h"),
    ("es", "Ver el mar"),
    ("it", "Comprare 1 set"),
    ("nl", "Lees 3-12"),
    ("ja", "読む 3/4"),
    # Another day than the one that would be understood.
    ("en-US", "Water plants every friday"),
    ("en-US", "Report before friday"),
    ("en-US", "Meet friday next week"),
    ("en-US", "Meet in two weeks 17:00"),
    ("en-US", "Pay 13/3 17:00"),
    ("en-US", "Pay Fri, Dec 3 17:00"),
    ("en-US", "Pay 2026-02-30 17:00"),
    ("en-US", "Call tomorrow evening 9:00"),
    ("en-US", "Call tomorrow night 9:00"),
    ("de", "Müll jeden Freitag"),
    ("de", "Müll übernächsten Freitag 17:00"),
    ("de", "Brot morgen früh 18:00"),
    ("de", "Feier Freitagabend 8:00"),
    ("de", "Anruf 30.2. 17:00"),
    ("de", "Anruf am 3. 17:00"),
    ("de", "Anruf Fr., 3.12. 17:00"),
    ("de", "Kino 19:00 bis 21:00"),
    ("de", "Kino Freitag 19:00 - 21:00"),
    ("de", "Kino am Wochenende 17:00"),
    ("en-US", "Meet thursday to friday"),
    ("fr", "Nager à la mer 17:00"),
]


@pytest.mark.parametrize(("tag", "line", "day", "hour"), DUE)
def test_the_due_time_is_read_and_leaves_the_title(
    tag: str, line: str, day: date, hour: int | None
) -> None:
    found = read_quick_task(line, BERLIN, NOW, language(tag).day_words())
    wanted = day if hour is None else datetime(day.year, day.month, day.day, hour, tzinfo=BERLIN)
    assert found.due == wanted
    assert line.startswith(found.title + " ")
    assert found.title in {"Fritz anrufen", line.split()[0]}


@pytest.mark.parametrize(("tag", "line"), NO_DUE)
def test_what_is_not_clearly_a_day_or_a_time_stays_in_the_title(tag: str, line: str) -> None:
    found = read_quick_task(line, BERLIN, NOW, language(tag).day_words())
    assert (found.title, found.due) == (line, None)


def test_marks_may_stand_after_the_day_also_those_that_are_none() -> None:
    german = language("de").day_words()
    line = "Miete freitag um 17:00 #Haus !hoch"
    found = read_quick_task(line, BERLIN, NOW, german, {"hoch": "high"})
    assert (found.title, found.project, found.priority) == ("Miete", "Haus", "high")
    assert found.due == datetime(2026, 11, 27, 17, tzinfo=BERLIN)
    found = read_quick_task("Miete freitag #Haus #Garten !gleich", BERLIN, NOW, german)
    assert (found.title, found.due) == ("Miete #Garten !gleich", FRIDAY)


@pytest.mark.parametrize("tag", LANGUAGES)
def test_the_short_names_of_days_are_read_with_their_dots(tag: str) -> None:
    for name, weekday in language(tag).day_words().short.items():
        found = read_quick_task(f"X {name}. 17:00", BERLIN, NOW, language(tag).day_words())
        assert isinstance(found.due, datetime), name
        assert (found.title, found.due.astimezone(BERLIN).weekday()) == ("X", weekday), name


@for_all(
    st.sampled_from(sorted(LANGUAGES)), st.text(alphabet="0123456789./-: hamp月日", max_size=20)
)
def test_no_numbers_break_the_reading(tag: str, text: str) -> None:
    assert read_quick_task(f"X {text}", BERLIN, NOW, language(tag).day_words()).title
