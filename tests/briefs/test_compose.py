"""The brief as a reader gets it: order, words, and nobody's text turned into markup."""

import re
from dataclasses import astuple
from datetime import timedelta
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import markdown
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from buildos_box.briefs.actions import PriorityAction
from buildos_box.briefs.analysis_schema import Analysis
from buildos_box.briefs.compose import TIGHTER, WORD_BUDGET, compose, everything, word_count
from buildos_box.briefs.draft import Place
from buildos_box.briefs.project_markdown import deadline, project_section, standing
from buildos_box.briefs.text import clean, escape, gist, linked_gist, name, plain, shorten
from buildos_box.clock import from_text
from buildos_box.locales.language import language
from buildos_box.page_links import PageLinks
from tests.briefs.sample_days import (
    LINKS,
    MORNING,
    WEDNESDAY,
    adas_day,
    all_day,
    calendar_event,
    crowded_day,
    day,
    note,
    part,
    project,
    read,
    task,
    text_of,
    waits,
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


@pytest.mark.parametrize("renderer", RENDERERS)
@given(text=texts)
def test_any_text_can_be_the_words_of_a_link(renderer: Any, text: Any) -> None:
    render: Any = RENDERERS[renderer]
    said = name(text)
    for source, tags in (
        (f"- [{escape(said)}](http://b/#t)", ["ul", "li", "a"]),
        (f"1. [**{escape(said)}**](http://b/#t) – x", ["ol", "li", "a", "strong"]),
    ):
        page = Reading(render(source))
        assert [tag for tag, _ in page.elements] == tags, source
        assert said in page.text, (source, page.text)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_title_reads_as_it_was_typed(text: Any) -> None:
    def day_with(said: str) -> Any:
        return wednesday(
            projects=[project("site", said, due_date=day("2024-10-25"))],
            tasks=[task("t", said, due_date="2024-10-23")],
            events=[
                calendar_event(
                    "e",
                    said,
                    start_at=from_text("2024-10-23T09:00:00Z"),
                    end_at=from_text("2024-10-23T10:00:00Z"),
                    location=said,
                )
            ],
        )

    page = Reading(markdown.markdown(text_of(day_with(text))))
    assert page.elements == Reading(markdown.markdown(text_of(day_with("x")))).elements
    assert page.text.count(name(text, 40)) >= 2


@given(content=texts, title=texts, reason=texts)
def test_notes_and_a_models_words_bring_no_markup(content: Any, title: Any, reason: Any) -> None:
    facts = wednesday(
        tasks=[task("t", "x", due_date="2024-10-23")],
        notes=[note("n", "site", title=title, content=content, updated_at=MORNING)],
        holidays=[title],
    )
    answer = Analysis(
        summary=reason,
        priorities=[PriorityAction(ref_kind="task", ref_id="t", reason=reason)],
    )
    for text in (text_of(facts, answer, source=title), project_section(facts, facts.projects[0])):
        page = Reading(markdown.markdown(text, extensions=["extra", "sane_lists"]))
        tags = {"h1", "h2", "h3", "p", "ul", "ol", "li", "strong", "em", "a"}
        assert {tag for tag, _ in page.elements} <= tags
        assert all(attributes == () for tag, attributes in page.elements if tag != "a")
        assert all(attributes == ("href",) for tag, attributes in page.elements if tag == "a")


def test_the_parts_come_in_the_order_of_the_specification() -> None:
    brief = text_of(adas_day())
    parts = [
        "# Wednesday, October 23, 2024 · Day of Tests",
        "A steady day: 4 tasks due or late",
        "## Do first",
        "## The day",
        "## Also today",
        "## Late",
        "## Coming up",
        "## Since yesterday",
        "## Projects",
    ]
    assert [brief.index(part) for part in parts] == sorted(brief.index(part) for part in parts)


def test_a_believable_day_reads_like_this() -> None:
    brief = read(adas_day())
    for line in (
        "1. **Send signed contract to Meyer** – 2 days late; urgent; "
        "*Order print samples* (due Fri, Oct 25) waits for it",
        "3. **Invoice for September** – due today by 15:00",
        "2 h of meetings; the afternoon is free from 12:00.",
        "- **All day** Lena's birthday",
        "- **10:00–11:30** Design review",
        "- **21:40–07:10** Night train · ends tomorrow",
        "- Write copy for the about page",
        "- Call the landlord · 21 days late",
        "- Give it a new date, or drop it",
        "- **Tomorrow** Book dentist",
        "- Done: Choose hosting",
        "- **Client: Meyer & Sons** · *Kick-off call*: "
        "They want the contract before Friday. Budget is 18k.",
        "- **Website relaunch** · due Wed, Oct 30, 4 tasks left",
    ):
        assert line in brief.splitlines(), line
    assert "Renew passport" not in brief
    assert word_count(brief) <= 200


def test_a_day_with_nothing_in_it_says_so_in_two_lines() -> None:
    brief = text_of(wednesday(projects=[], holidays=["Day of Tests"]))
    title, *lines = [line for line in brief.splitlines() if line]
    assert title == "# Wednesday, October 23, 2024 · Day of Tests"
    assert lines == [
        "Nothing is planned: no project, no task and no event today.",
        "Add something, and tomorrow's brief will tell you about it. Enjoy the quiet.",
    ]


def test_events_alone_make_a_brief_without_actions() -> None:
    brief = read(wednesday(projects=[], events=[all_day("Fair", "2024-10-23")]))
    assert "- **All day** Fair" in brief
    assert "## Do first" not in brief


@pytest.mark.parametrize("word", ["work", "a", "extraordinarily"])
def test_no_brief_is_longer_than_its_budget(word: Any) -> None:
    facts = crowded_day(word)
    long = " ".join([word] * 200)
    answer = Analysis(
        summary=long[:240],
        priorities=[
            PriorityAction(ref_kind="task", ref_id=f"t{i}", reason=long[:160]) for i in range(3)
        ],
    )
    for source in ("builtin", "model"):
        brief = text_of(facts, answer, source=source)
        assert word_count(brief) <= WORD_BUDGET
        assert re.search(r"^- and \d+ more$", brief, re.M)


@pytest.mark.parametrize("facts", [adas_day(), crowded_day(), wednesday()])
def test_each_task_is_named_once_and_its_line_is_known(facts: Any) -> None:
    brief = compose(facts, LINKS)
    lines = brief.markdown.splitlines()
    ids = [one.task_id for one in brief.named]
    assert len(ids) == len(set(ids))
    assert brief.markdown.count("/app/#task-") == len(ids)
    for one in brief.named:
        assert f"/app/#task-{one.task_id})" in lines[one.line]


def test_a_task_in_another_ones_line_has_no_line_of_its_own() -> None:
    facts = wednesday(
        tasks=[
            task("copy", due_date="2024-10-23"),
            task("move", "Move the site", due_at="2024-10-23T15:00:00Z"),
        ],
        dependencies=[waits("move", "copy")],
    )
    assert part(facts, "Do first") == [
        "1. **copy** – due today; *Move the site* (17:00) waits for it"
    ]
    assert part(facts, "Also today") == []
    places = {one.task_id: one.place for one in compose(facts, LINKS).named}
    assert places == {"copy": Place.DO_FIRST, "move": Place.MENTIONED}


def test_several_tasks_that_wait_are_counted_and_listed() -> None:
    facts = wednesday(
        tasks=[
            task("a", due_date="2024-10-23"),
            task("b", due_date="2024-10-24"),
            task("c", due_date="2024-10-25", priority="high"),
        ],
        dependencies=[waits("b", "a"), waits("c", "a")],
    )
    assert part(facts, "Do first") == ["1. **a** – due today; 2 tasks wait for it"]
    assert part(facts, "Coming up") == [
        "- **Tomorrow** b · waits for another task",
        "- **Fri, Oct 25** c · high · waits for another task",
    ]


def test_a_coming_task_with_a_time_says_when() -> None:
    today = [task(f"now{n}", due_date="2024-10-23") for n in range(3)]
    facts = wednesday(tasks=[*today, task("a", due_at="2024-10-24T14:30:00Z")])
    assert part(facts, "Coming up") == ["- **Tomorrow, 16:30** a"]


def test_what_is_left_out_is_counted() -> None:
    facts = wednesday(tasks=[task(f"t{i:02}", due_date="2024-10-23") for i in range(20)])
    assert part(facts, "Also today")[-1] == "- and 11 more"


def test_of_late_tasks_the_newest_three_are_named_and_the_rest_is_one_link() -> None:
    late = [task(f"t{n:02}", due_date=f"2024-10-{n:02}", status="blocked") for n in range(1, 22)]
    facts = wednesday(tasks=[*late, task("now", due_date="2024-10-23")])
    assert part(facts, "Late") == [
        "- t21 · 2 days late · blocked",
        "- t20 · 3 days late · blocked",
        "- t19 · 4 days late · blocked",
        "- 18 more, 8 of all over two weeks late: give them new dates, or drop them",
    ]
    assert "](http://box.test/app/#late)" in text_of(facts)


def news_of(task_due: str = "2024-10-25", **fields: Any) -> list[str]:
    facts = wednesday(
        projects=[project("site", "Site", **fields)], tasks=[task("a", due_date=task_due)]
    )
    return part(facts, "Projects")


def test_a_project_is_told_only_if_there_is_news_of_it() -> None:
    assert news_of() == []
    assert news_of(due_date=day("2024-11-20")) == []
    assert news_of(due_date=day("2024-10-30")) == ["- **Site** · due Wed, Oct 30, 1 task left"]
    assert news_of(due_date=day("2024-10-23")) == ["- **Site** · due today, 1 task left"]
    assert news_of(due_date=day("2024-10-20")) == [
        "- **Site** · past its date by 3 days · 1 task left"
    ]
    assert news_of("2024-10-22", due_date=day("2024-11-05")) == [
        "- **Site** · at risk: 1 task late"
    ]


def test_a_models_words_are_used_for_the_reasons_and_the_load() -> None:
    facts = wednesday(tasks=[task("a", due_date="2024-10-23")])
    answer = Analysis(
        summary="Plenty of room.",
        priorities=[PriorityAction(ref_kind="task", ref_id="a", reason="it ends today")],
    )
    brief = text_of(facts, answer, source="deepseek-chat")
    assert "](http://box.test/app/#task-a) – it ends today\n" in brief
    assert "## The day\n\nPlenty of room.\n" in brief
    assert brief.endswith("*Worded by deepseek-chat, a language model.*\n")


def test_the_brief_says_why_no_model_worded_it() -> None:
    said = text_of(adas_day(), why_built_in="budget")
    assert "today's budget for language models is spent" in said


def test_links_lead_to_the_frontend_where_it_is_set() -> None:
    links = PageLinks(
        "http://box.test",
        task_url="https://app.example/t/{taskId}",
        project_url="https://app.example/p/{projectId}",
    )
    brief = compose(adas_day(), links).markdown
    assert "](https://app.example/t/contract)" in brief
    assert "](https://app.example/p/site)" in brief
    assert "/app/#task-" not in brief


def test_everything_is_the_brief_and_all_sections() -> None:
    facts = adas_day()
    sections = [project_section(facts, project) for project in facts.projects]
    whole = everything(text_of(facts), sections, facts.language)
    assert whole.startswith(text_of(facts).rstrip())
    assert "# Everything\n\n## " in whole
    for heading in ("### Overdue (1)", "### Recently completed (1)", "### Notes"):
        assert heading in whole


def test_a_projects_own_section_lists_its_tasks_by_category() -> None:
    facts = adas_day()
    section = project_section(facts, facts.project_by_id["site"])
    assert section.startswith("## Website relaunch\n\n2 tasks today · 1 task in the coming week")
    assert "### Today (2)\n\n- **Fix the contact form** · high · 1 task waits for it" in section
    assert "### Under way, no date (1)\n\n- **Photos for the team page** · blocked" in section


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (-3, "The project was due Sun, Oct 20, 3 days ago."),
        (-1, "The project was due Tue, Oct 22, 1 day ago."),
        (0, "The project is due today."),
        (1, "The project is due tomorrow, in 1 day."),
        (9, "The project is due Fri, Nov 1, in 9 days."),
        (31, ""),
    ],
)
def test_a_projects_date_is_told_in_one_sentence(days: Any, said: Any) -> None:
    assert deadline(WEDNESDAY + timedelta(days=days), WEDNESDAY, language()) == said


@pytest.mark.parametrize(
    ("blockers", "said"),
    [
        (1, "- **after** · waits for “b0”"),
        (2, "- **after** · waits for “b0” and 1 more"),
        (3, "- **after** · waits for “b0” and 2 more"),
    ],
)
def test_a_section_names_what_a_task_waits_for(blockers: Any, said: Any) -> None:
    names = [f"b{n}" for n in range(blockers)]
    facts = wednesday(
        tasks=[task("after", due_date="2024-10-23"), *(task(name) for name in names)],
        dependencies=[waits("after", name) for name in names],
    )
    assert said in project_section(facts, facts.projects[0]).split("\n")


@pytest.mark.parametrize(
    ("open_tasks", "said"),
    [(0, "No open tasks."), (1, "Nothing due this week, 1 open task."),
     (2, "Nothing due this week, 2 open tasks.")],
)  # fmt: skip
def test_a_project_with_nothing_due_says_how_much_is_open(open_tasks: Any, said: Any) -> None:
    facts = wednesday(tasks=[task(f"t{n}") for n in range(open_tasks)])
    assert standing(facts, facts.projects[0]) == said


def test_two_fresh_notes_are_told_in_a_section_and_an_old_one_is_not() -> None:
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
    facts = wednesday(notes=notes)
    section = project_section(facts, facts.projects[0])
    assert re.findall(r"\*Note \d\*: Text", section) == ["*Note 0*: Text", "*Note 1*: Text"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("See [it](https://acme.example/d) now", "See [it](https://acme.example/d) now"),
        ("At https://acme.example/a?b=1.", "At [acme.example/a?b=1](https://acme.example/a?b=1)."),
        ("Ask [Ida](mailto:ida@acme.example)", "Ask [Ida](mailto:ida@acme.example)"),
        ("[x](javascript:alert)", "x"),
        ("[x](https://user:pw@evil.example)", "x"),
        ("[x](https://good.example&#64;evil.example/)", "x"),
        ("[x](<https://good.example&commat;evil.example/>)", "x"),
        ("<https://good.example&#64;evil.example/>", "good.example&amp;\\#64;evil.example"),
        ("https://good.example&#x40;evil.example/", "good.example&amp;\\#x40;evil.example"),
        ("[x](https://good.example&sol;y@evil.example/)", "x"),
        ("[x](https://a.example/?a=1&copy=2)", "[x](https://a.example/?a=1&copy=2)"),
        ("![pic](https://acme.example/p.png) after", "after"),
        ("\ue0007\ue001", "7"),
    ],
)  # fmt: skip
def test_links_in_notes_stay_links(content: Any, said: Any) -> None:
    assert linked_gist(content, 20) == said


def test_a_link_of_a_note_that_is_cut_off_is_not_half_a_link() -> None:
    assert linked_gist("one two [three four](https://acme.example)", 3) == "one two three…"


def test_each_tighter_step_shows_less_and_nothing_more() -> None:
    for wider, tighter in pairwise(map(astuple, TIGHTER)):
        assert all(less <= more for less, more in zip(tighter, wider, strict=True))
        assert tighter != wider


@pytest.mark.parametrize(
    ("text", "chars", "words", "said"),
    [
        ("one two", 7, None, "one two"),
        ("one two, three", 10, None, "one two…"),
        ("one two – three", 40, 3, "one two…"),
        ("one two: three", 40, 2, "one two…"),
        ("onetwothree", 5, None, "onet…"),
    ],
)
def test_a_shortened_text_ends_without_a_loose_mark(
    text: str, chars: int, words: int | None, said: str
) -> None:
    assert shorten(text, chars, words) == said


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
    assert "- **07:58** Alarm" in read(facts)
