"""The brief as a reader gets it: order, words, and nobody's text turned into markup."""

import re
from html.parser import HTMLParser
from typing import Any

import markdown
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from buildos_box.briefs.analyst import Analysis, analyse
from buildos_box.briefs.compose import WORD_BUDGET, compose, subject, word_count
from buildos_box.briefs.priorities import PriorityAction
from buildos_box.briefs.sections import project_section
from buildos_box.briefs.text import clean, escape, gist, name, plain, shorten
from tests.briefs.days import (
    MORNING,
    WEDNESDAY,
    adas_day,
    all_day,
    calendar_event,
    crowded_day,
    event,
    note,
    project,
    task,
    wednesday,
)

RENDERERS = {
    "python-markdown": markdown.markdown,
    "python-markdown with extensions": lambda text: markdown.markdown(
        text, extensions=["extra", "sane_lists", "nl2br"]
    ),
    "commonmark": MarkdownIt("commonmark").render,
    "tables and strikethrough": MarkdownIt("commonmark").enable(["table", "strikethrough"]).render,
}

HOSTILE = [
    "<script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "![x](https://evil.example/p.gif)",
    "# x",
    "## C#",
    "a `b` ``c``",
    "a | b | c",
    "--|--",
    "one\ntwo\n\n# three",
    "one\r\nBcc: evil@example.com",
    "* x",
    "- x",
    "+ x",
    "1. x",
    "1) x",
    "> x",
    "=====",
    "-----",
    "***",
    "**bold** _it_ __b__ ~~s~~",
    "&lt;b&gt; &amp; &copy; &#35; AT&T &copy",
    "<https://evil.example>",
    "[^1]: note",
    "[a]: https://evil.example",
    "*[HTML]: x",
    ": definition",
    "!!! note",
    "{: #id .cls}",
    "\\# \\\\ \\",
    "    code",
    "```python",
    "<!-- comment -->",
    "<div markdown=1>",
    "{{7*7}} ${7*7} {0.__class__}",
    "\x02wzxhzdk:0\x03",
    "wzxhzdk:0 klzzwxh:0001",
    "\u202eevil\u202c \U000e0041 a\u200bb",
    "\ud800 lone",
    "👩\u200d💻 naïve 日本語 עברית",
]
texts = st.sampled_from(HOSTILE) | st.text(
    st.sampled_from("\\`*_{}[]()#+-.!|~<>&:;=\"'$^ \n\tax1") | st.characters(), max_size=60
)


class Reading(HTMLParser):
    """The elements of a page in order, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self._text: list[str] = []
        self.other = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: Any, attrs: Any) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))

    def handle_data(self, data: Any) -> None:
        self._text.append(data)

    def _handle_other(self, data: str) -> None:
        self.other = True

    handle_comment = handle_decl = handle_pi = unknown_decl = _handle_other  # type: ignore[assignment]

    @property
    def text(self) -> str:
        return " ".join("".join(self._text).split())


@pytest.mark.parametrize("renderer", RENDERERS)
@given(text=texts)
def test_any_text_stays_text_wherever_it_is_put(renderer: Any, text: Any) -> None:
    render: Any = RENDERERS[renderer]
    said = name(text)
    places = {
        f"- **{escape(said)}**": ["ul", "li", "strong"],
        f"- {escape(said)}\n- {escape(said)}": ["ul", "li", "li"],
        f"### {escape(said)}": ["h3"],
        f"{escape(said)}": ["p"],
        f"1. {escape(said)} – {escape(said)}": ["ol", "li"],
        f"*{escape(said)}:* more": ["p", "em"],
    }
    for source, elements in places.items():
        page = Reading(render(source))
        assert page.elements == [(element, ()) for element in elements], source
        assert not page.other
        assert said in page.text, (source, page.text)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_title_reads_as_it_was_typed(text: Any) -> None:
    facts = wednesday(
        projects=[project("site", text)],
        tasks=[task("t", text, due_date="2024-10-23")],
        events=[event(text, "2024-10-23T09:00:00Z", "2024-10-23T10:00:00Z", location=text)],
    )
    brief = compose(facts, analyse(facts))
    harmless = wednesday(
        projects=[project("site", "x")],
        tasks=[task("t", "x", due_date="2024-10-23")],
        events=[event("x", "2024-10-23T09:00:00Z", "2024-10-23T10:00:00Z", location="x")],
    )
    expected = Reading(markdown.markdown(compose(harmless, analyse(harmless))))
    page = Reading(markdown.markdown(brief))
    assert page.elements == expected.elements
    assert page.text.count(name(text)) >= 4


@given(content=texts, title=texts, reason=texts)
def test_notes_and_an_analysts_words_bring_no_markup(content: Any, title: Any, reason: Any) -> None:
    facts = wednesday(
        tasks=[task("t", "x", due_date="2024-10-23")],
        notes=[note("n", "site", title=title, content=content, updated_at=MORNING)],
        holidays=[title],
    )
    answer = Analysis(
        summary=reason,
        insights=[reason, content],
        priorities=[PriorityAction(ref_kind="task", ref_id="t", reason=reason)],
    )
    for text in (compose(facts, answer, title), project_section(facts, facts.projects[0])):
        page = Reading(markdown.markdown(text, extensions=["extra", "sane_lists"]))
        tags = {"h1", "h2", "h3", "p", "ul", "ol", "li", "strong", "em"}
        assert {tag for tag, _ in page.elements} <= tags
        assert not any(attributes for _, attributes in page.elements)


def test_the_parts_come_in_the_order_of_the_specification() -> None:
    facts = adas_day()
    brief = compose(facts, analyse(facts))
    parts = [
        "# Your brief for Wednesday, October 23, 2024",
        "**Public holiday:** Day of Tests",
        "## Executive summary",
        "## Calendar",
        "## Overdue (2)",
        "## Today (3)",
        "## Coming week (3)",
        "## Recently completed (1)",
        "## Projects",
        "### Client: Meyer & Sons",
        "## Analysis",
        "## Priority actions",
    ]
    assert [brief.index(part) for part in parts] == sorted(brief.index(part) for part in parts)
    assert re.findall(r"^#+ ", brief, re.M).count("### ") == len(facts.projects)


def test_a_believable_day_reads_like_this() -> None:
    facts = adas_day()
    brief = compose(facts, analyse(facts))
    for line in (
        "- **All day** Lena's birthday",
        "- **10:00–11:30** Design review",
        "- **21:40–07:10** Night train · ends tomorrow",
        "- **Send signed contract to Meyer** · Client: Meyer & Sons · 2 days late "
        "(due Mon, Oct 21) · urgent · 1 task waits for it",
        "- **Invoice for September** · Client: Meyer & Sons · by 15:00 · high",
        "- **Book dentist** · Home · tomorrow",
        "- *Kick-off call:* They want the contract before Friday. Budget is 18k.",
        "2 today, 1 in the coming week, 1 just completed. "
        "The project is due Wed, Oct 30, in 7 days.",
        "- **Photos for the team page** · blocked",
        "- “Send signed contract to Meyer” is 2 days late, and “Order print samples” waits for it.",
        "1. **Send signed contract to Meyer** (Client: Meyer & Sons) – "
        "2 days late; urgent; “Order print samples” waits for it.",
    ):
        assert line in brief.splitlines(), line
    assert "Renew passport" not in brief
    assert word_count(brief) < 600


def test_a_day_with_nothing_in_it_says_so_and_is_short() -> None:
    facts = wednesday(projects=[], holidays=["Day of Tests"])
    brief = compose(facts, analyse(facts))
    assert brief.startswith("# Your brief for Wednesday, October 23, 2024\n\n**Public holiday:**")
    assert "nothing to report today" in brief
    assert "## " not in brief
    assert word_count(brief) < 60


def test_a_project_without_tasks_still_gets_a_brief_with_an_action() -> None:
    facts = wednesday()
    brief = compose(facts, analyse(facts))
    assert "Nothing is due today or in the coming week" in brief
    assert "1. **Website relaunch** (project) – It has no open task" in brief


def test_events_alone_make_a_brief_without_actions() -> None:
    facts = wednesday(projects=[], events=[all_day("Fair", "2024-10-23")])
    brief = compose(facts, analyse(facts))
    assert "- **All day** Fair" in brief
    assert "Priority actions" not in brief


@pytest.mark.parametrize("word", ["work", "a", "extraordinarily"])
def test_no_brief_is_longer_than_its_budget(word: Any) -> None:
    facts = crowded_day(word)
    long = " ".join([word] * 200)
    answer = Analysis(
        summary=long[:400],
        insights=[long[:240]] * 5,
        priorities=[
            PriorityAction(ref_kind="task", ref_id=f"t{i}", reason=long[:160]) for i in range(5)
        ],
    )
    for analysis in (analyse(facts), answer):
        brief = compose(facts, analysis)
        assert word_count(brief) <= WORD_BUDGET
        assert len(brief) < 16_000
        assert re.search(r"^- … and \d+ more$", brief, re.M)


def test_what_is_left_out_is_counted() -> None:
    facts = wednesday(tasks=[task(f"t{i:02}", due_date="2024-10-23") for i in range(20)])
    brief = compose(facts, analyse(facts))
    assert "## Today (20)" in brief
    assert "- … and 12 more" in brief


def test_the_brief_says_who_wrote_the_analysis() -> None:
    facts = adas_day()
    assert "built-in analyst: fixed rules" in compose(facts, analyse(facts))
    assert "Written by deepseek-chat, a language model" in compose(
        facts, analyse(facts), "deepseek-chat"
    )


def test_an_action_that_names_nothing_real_is_not_shown() -> None:
    facts = adas_day()
    answer = Analysis(
        summary="A day.",
        insights=[],
        priorities=[
            PriorityAction(ref_kind="task", ref_id="invented", reason="no"),
            PriorityAction(ref_kind="task", ref_id="site", reason="no"),
            PriorityAction(ref_kind="project", ref_id="site", reason="It is near."),
        ],
    )
    brief = compose(facts, answer)
    assert brief.endswith(
        "## Priority actions\n\n1. **Website relaunch** (project) – It is near.\n"
    )


def test_a_meeting_link_is_shown_by_its_host() -> None:
    facts = wednesday(
        events=[
            event(
                "Call",
                "2024-10-23T09:00:00Z",
                "2024-10-23T10:00:00Z",
                location="https://meet.example.com/abc?pwd=1",
            )
        ]
    )
    assert "- **11:00–12:00** Call · meet.example.com\n" in compose(facts, analyse(facts))


def test_a_projects_own_section_lists_its_tasks_by_category() -> None:
    facts = adas_day()
    section = project_section(facts, facts.project_by_id["site"])
    assert section.startswith("## Website relaunch\n\n2 today, 1 in the coming week")
    assert "### Today (2)\n\n- **Fix the contact form** · high · 1 task waits for it" in section
    assert "### Under way, no date (1)\n\n- **Photos for the team page** · blocked" in section


def test_two_fresh_notes_are_told_and_an_old_one_is_not() -> None:
    notes = [
        note(
            f"n{i}",
            "site",
            title=f"Note {i}",
            content="Text.",
            updated_at=MORNING.replace(day=23 - i * 5),
        )
        for i in range(4)
    ]
    brief = compose(wednesday(notes=notes), analyse(wednesday()))
    assert re.findall(r"\*Note \d:\*", brief) == ["*Note 0:*", "*Note 1:*"]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (
            {
                "tasks": [
                    *(task(f"d{i}", due_date="2024-10-23") for i in range(3)),
                    task("o", due_date="2024-10-22"),
                ]
            },
            "3 due, 1 overdue",
        ),
        ({"tasks": [task("o", due_date="2024-10-22")]}, "1 overdue"),
        ({"tasks": [task("s", start_date="2024-10-23")]}, "1 to start"),
        ({"events": [all_day("x", "2024-10-23")]}, "nothing due, 1 event"),
        ({}, "nothing due"),
    ],
)
def test_the_subject_says_what_matters(parts: Any, expected: Any) -> None:
    assert subject(wednesday(**parts)) == f"Your brief for Wed, Oct 23: {expected}"


def test_no_title_reaches_the_subject() -> None:
    facts = wednesday(
        tasks=[task("t", "x\r\nBcc: evil@example.com", due_date="2024-10-23")],
        holidays=["y\r\nBcc: evil@example.com"],
    )
    assert subject(facts) == "Your brief for Wed, Oct 23: 1 due"


@given(text=texts, chars=st.integers(2, 80), words=st.none() | st.integers(1, 20))
def test_a_shortened_text_keeps_its_limits_and_its_beginning(
    text: Any, chars: Any, words: Any
) -> None:
    line = clean(text)
    short = shorten(line, chars, words)
    assert len(short) <= chars
    assert words is None or len(short.split()) <= words
    assert short == line or (short.endswith("…") and line.startswith(short[:-1]))


@given(text=st.text(max_size=400))
@example("[" * 400)
@example("*a" * 200)
@example("<a" * 200)
def test_the_gist_of_any_note_is_one_short_line(text: Any) -> None:
    said = gist(text, 12)
    assert len(said.split()) <= 12
    assert said == clean(said)


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        ("# Kick-off\n\nThey want **it** [soon](http://x.example).", "They want it soon."),
        ("- [ ] redirects\n- [x] analytics\n- imprint", "redirects; imprint"),
        ("# Only a heading", "Only a heading"),
        ("```\ncode\n```\ntext", "text"),
        ("![pic](data:image/png;base64,AAAA) after", "after"),
        ("one\ntwo\n\nthree", "one two; three"),
        ("snake_case_name and `code`", "snake_case_name and code"),
        ("<b>bold</b> 1 < 2", "bold 1 < 2"),
        ("", ""),
    ],
)
def test_a_note_is_told_without_its_markup(note: Any, expected: Any) -> None:
    assert plain(note) == expected


def test_a_gist_takes_whole_sentences_where_it_can() -> None:
    assert gist("One two three. Four five six. Seven.", 6) == "One two three. Four five six."
    assert gist("One two three four five", 3) == "One two three…"


def test_an_event_without_an_end_is_shown_by_its_start() -> None:
    moment = calendar_event("e", "Alarm", start_at=MORNING)
    facts = wednesday(events=[moment])
    assert facts.brief_date == WEDNESDAY
    assert "- **07:58** Alarm" in compose(facts, analyse(facts))
