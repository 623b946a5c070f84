"""An answer in another language is told by its script and its small words (#llm-language)."""

import msgspec
import pytest

from bench.sample_days import make_day
from buildos_box.briefs.actions import priority_actions
from buildos_box.briefs.prompts import own_texts
from buildos_box.briefs.timeline import load
from buildos_box.locales.function_words import FUNCTION_WORDS
from buildos_box.locales.language import language
from buildos_box.locales.scripts import LATIN, scripts_of
from buildos_box.locales.tags import LANGUAGES
from buildos_box.locales.written_in import language_fault
from buildos_box.onboarding.themes import THEMES

TAGS = [tag for tag in LANGUAGES if tag != "en-GB"]


def test_every_language_has_small_words_or_a_script_of_its_own() -> None:
    for tag in LANGUAGES:
        scripts = scripts_of(language(tag).catalogue)
        is_latin = scripts <= {LATIN}
        assert (tag.partition("-")[0] in FUNCTION_WORDS) == is_latin, (tag, scripts)
    assert scripts_of(language("ja").catalogue) == {"HIRAGANA", "KATAKANA", "CJK"}
    assert scripts_of(language("pl").catalogue) == {LATIN}


@pytest.mark.parametrize("tag", TAGS)
def test_what_editors_wrote_is_in_its_language_and_in_no_other(tag: str) -> None:
    for theme in THEMES:
        texts = [theme.insight, theme.title, theme.change, theme.reason, theme.practice]
        said = [language(tag).say(text) for text in texts]
        found = {one for one in TAGS if language_fault(said, language(one)) is None}
        assert found == {tag}


@pytest.mark.parametrize("tag", TAGS)
def test_no_brief_by_rules_is_taken_for_another_language(tag: str) -> None:
    for number in range(40):
        facts = make_day(number).facts
        person = msgspec.structs.replace(facts.person, language=language(tag))
        facts = msgspec.structs.replace(facts, person=person)
        said = [load(facts), *(action.reason for action in priority_actions(facts))]
        assert language_fault(said, language(tag), own_texts(facts)) is None, said


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize(
    "text",
    ["", "Nextcloud, BuildOS, Ada Lovelace", "Phase 1", "The Beatles", "Müller & Söhne", "東京"],
)
def test_names_are_in_no_language(tag: str, text: str) -> None:
    assert language_fault([text], language(tag)) is None


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("de", "今天有三个会议，下午有空。"),
        ("ja", "今天有三个会议，下午有空。"),
        ("ja", "Your afternoon is free and there is room for one of them."),
        ("en-US", "今日は会議が三件あります。"),
        ("fr", "Сегодня три встречи"),
        ("en-US", "C’est votre appel"),
    ],
)
def test_another_script_is_another_language(tag: str, text: str) -> None:
    name = language(tag).english_name
    said = language_fault([text], language(tag))
    assert said == f"it is in another language, and must be in {name}"


def test_a_persons_own_words_do_not_count() -> None:
    german, title = language("de"), "What to do with the rest of it"
    said = f"{title}: zuerst"
    assert language_fault([said], german) is not None
    assert language_fault([said], german, [title]) is None


def test_one_long_sentence_among_others_counts_too() -> None:
    german = language("de")
    right = ["Der Vormittag ist frei, und danach hast du zwei Termine, die nicht lang sind."] * 3
    assert language_fault([*right, "heute fällig"], german) is None
    assert language_fault([*right, "It is due today and the others wait for it"], german)


def test_a_sign_says_as_much_as_two_letters() -> None:
    """Japanese with some English words is Japanese as long as half of it is."""
    assert language_fault(["会議中 the and"], language("ja")) is None
    assert language_fault(["会議 the and"], language("ja")) is not None
