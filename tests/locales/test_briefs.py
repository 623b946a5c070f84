"""Briefs in every language: within their budget, true to the day, and in that language alone."""

import msgspec
import pytest

from bench.brief_languages import in_language, strange_words
from bench.sample_days import KINDS, make_day
from buildos_box.briefs.compose import WORD_BUDGET, compose, word_count
from buildos_box.briefs.facts import DayFacts
from buildos_box.briefs.headline import SUBJECT_CHARS, sms, subject
from buildos_box.locales.language import language
from buildos_box.locales.tags import LANGUAGES
from buildos_box.page_links import PageLinks
from buildos_box.sms.text import segments

LINKS = PageLinks("http://box.test")


def day_in(tag: str, number: int) -> DayFacts:
    facts = make_day(number).facts
    person = msgspec.structs.replace(facts.person, language=language(tag))
    return msgspec.structs.replace(facts, person=person)


@pytest.mark.parametrize("tag", LANGUAGES)
def test_a_brief_keeps_to_its_budget_and_names_the_same_tasks(tag: str) -> None:
    for number in range(4 * len(KINDS)):
        facts = day_in(tag, number)
        brief = compose(facts, LINKS)
        assert word_count(brief.markdown) <= WORD_BUDGET, number
        assert {one.task_id for one in brief.named} <= facts.task_by_id.keys()
        assert "{" not in brief.markdown
        assert len(subject(facts)) <= SUBJECT_CHARS
        assert segments(sms(facts, sender="BuildOS", url="http://box.test/app/#b")) <= 2


def test_a_german_day() -> None:
    text = compose(day_in("de", 1), LINKS).markdown
    for said in (
        "# Dienstag, 5. August 2025\n",
        "Ein voller Tag: 23 fällige oder überfällige Aufgaben, davon 7 dringend, und 5 Termine.",
        "am längsten frei ist es von 9:00 bis 12:30 Uhr.",
        "**09:00–12:30** frei",
        "gestern fällig",
        "*Nach festen Regeln formuliert, ohne Sprachmodell.*",
    ):
        assert said in text


def test_polish_has_a_form_for_each_number() -> None:
    polish = language("pl")
    from buildos_box.briefs.texts import DAYS_LATE, WAITING

    said = [polish.count(WAITING, count) for count in (1, 3, 5, 22)]
    assert said == [
        "1 zadanie na to czeka",
        "3 zadania na to czekają",
        "5 zadań na to czeka",
        "22 zadania na to czekają",
    ]
    assert polish.count(DAYS_LATE, 2) == "2 dni po terminie"


def test_a_day_of_japanese_is_counted_without_spaces() -> None:
    assert word_count("会議は1時間。") == 3


def test_a_word_of_another_language_is_found() -> None:
    made = in_language(make_day(1), "de")
    text = compose(made.facts, LINKS).markdown
    assert strange_words(made, text) == set()
    assert strange_words(made, text + "\n\n## Coming up") == {"coming", "up"}
    assert strange_words(in_language(made, "ja"), "期限切れ Late") == {"Late"}


@pytest.mark.parametrize("tag", [tag for tag in LANGUAGES if not tag.startswith("en")])
def test_a_brief_has_no_word_of_another_language(tag: str) -> None:
    for number in range(2 * len(KINDS)):
        made = in_language(make_day(number), tag)
        assert strange_words(made, compose(made.facts, LINKS).markdown) == set()
