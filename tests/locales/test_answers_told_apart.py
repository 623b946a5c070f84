"""Short answers with technical words are accepted, sentences of another language refused.

`answers/short` has what models write about days, `answers/plain` sentences that say what they are
written in, one a line (#llm-language).
"""

from pathlib import Path

import pytest

from buildos_box.locales.catalogue import Catalogue
from buildos_box.locales.language import Language, language
from buildos_box.locales.scripts import script_of, scripts_of
from buildos_box.locales.tags import LANGUAGES
from buildos_box.locales.written_in import language_fault

TAGS = [tag for tag in LANGUAGES if tag != "en-GB"]
ANSWERS = Path(__file__).parent / "answers"


def lines(kind: str, tag: str) -> list[str]:
    return (ANSWERS / kind / f"{tag}.txt").read_text("utf-8").splitlines()


@pytest.mark.parametrize("tag", TAGS)
def test_short_answers_with_technical_words_are_accepted(tag: str) -> None:
    answers = lines("short", tag)
    assert len(answers) >= 30
    assert [text for text in answers if language_fault([text], language(tag))] == []
    assert language_fault(answers, language(tag)) is None


@pytest.mark.parametrize("tag", TAGS)
def test_plain_sentences_are_accepted_in_their_own_language_only(tag: str) -> None:
    accepted = {
        other: [text for text in lines("plain", other) if not language_fault([text], language(tag))]
        for other in TAGS
    }
    assert accepted == {other: lines("plain", tag) if other == tag else [] for other in TAGS}


FOREIGN = ["今天有空", "今日は休みです", "Сегодня встреча", "오늘은 회의가 있어요"]


@pytest.mark.parametrize("text", FOREIGN)
def test_one_short_text_of_another_script_among_right_ones_is_refused(text: str) -> None:
    others = [tag for tag in TAGS if script_of(text[0]) not in scripts_of(language(tag).catalogue)]
    assert len(others) >= len(TAGS) - 1
    for tag in others:
        assert language_fault([*lines("plain", tag), text], language(tag)), tag


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("要件定義", True),
        ("資料作成、会議準備、提出期限本日。契約書最終確認。", True),
        ("佐々木様連絡", True),
        ("你今天没有会议", False),
        ("下午处理这些问题", False),
        ("今天上午有三次重要工作，下午有空，明天也要处理其他事情。", False),
        ("午後はＡＰＩの確認", True),
    ],
)
def test_japanese_without_kana_is_told_from_chinese(text: str, accepted: bool) -> None:
    assert (language_fault([text], language("ja")) is None) == accepted
    assert (
        language_fault(["今日は会議が三件あります。", text], language("ja")) is None
    ) == accepted


RUSSIAN = Language(
    tag="ru",
    hour_cycle=24,
    week_start=1,
    catalogue=Catalogue({"today": "сегодня", "Your brief": "Ваша сводка", "Tasks": "Задачи"}),
)
"""A language of another script that has no small words yet, only texts."""


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("Сегодня три встречи, затем PR для Nextcloud.", True),
        ("Проверить CI/CD и README.md", True),
        ("Nextcloud 29", True),
        ("You have three meetings today.", False),
        ("Du hast heute drei Termine und eine Aufgabe.", False),
        ("今天有三个会议，下午有空。", False),
    ],
)
def test_a_new_language_of_another_script_needs_no_more_than_its_texts(
    text: str, accepted: bool
) -> None:
    assert (language_fault([text], RUSSIAN) is None) == accepted


def test_a_language_whose_script_and_words_are_not_known_refuses_nothing() -> None:
    unknown = Language(tag="ru", hour_cycle=24, week_start=1, catalogue=Catalogue())
    for tag in TAGS:
        assert language_fault(lines("plain", tag), unknown) is None


@pytest.mark.parametrize(
    ("tag", "title", "text"),
    [
        ("de", "The STRASSE is what it has to be", "The Straße is what it has to be: zuerst"),
        ("de", "The Straße is what it has to be", "THE STRASSE is what it has to be: zuerst"),
        ("de", "What’s to do with the rest", "What's to do with the rest zuerst"),
        ("de", "Who is on the list", "Liste „on the“ prüfen"),
        ("ja", "What is to be done with it", "What is to be done with itを先に"),
        ("ja", "What is to be done with it", "次はWhat is to be done with itの確認"),
        ("de", "本を読むことと散歩", "Zuerst 本を読むことと散歩"),
        ("en-US", "没有这个问题吗你们", "没有这个问题吗你们 comes first"),
        ("ja", "没有这个问题吗", "没有这个问题吗"),
    ],
)
def test_what_a_person_wrote_is_taken_out(tag: str, title: str, text: str) -> None:
    assert language_fault([text], language(tag)) is not None
    assert language_fault([text], language(tag), [title]) is None


def test_a_title_inside_of_words_is_not_the_persons() -> None:
    assert language_fault(["Nextcloud is what"], language("de"), ["s wha"]) is not None


def test_the_words_of_a_long_text_count_as_usual() -> None:
    goal = "I want to get the house ready for what is to come and have you help me with all of it"
    assert language_fault(["You have the house to get ready."], language("de"), [goal])
