"""What briefs hold is made into HTML and text without a parser, with the same outcome.

The rules: docs/spec.md#mail-format.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buildos_box.mail import html as module
from buildos_box.mail import plain_text as plain
from buildos_box.mail.clean_html import is_clean
from buildos_box.mail.html import is_safe_in_html
from buildos_box.mail.simple_markdown import simple_html

BRIEF = """# Sunday, November 29, 2026

A full day: 6 tasks due or late, and one meeting.

## Do first

1. [**Task 0 of u0-p0**](http://127.0.0.1:8787/app/#task-u0-p0-t0) – due today · [Done](https://e.org/d/x_y-z)
2. [Pay \\(again\\)](https://e.org/app/#task-2) – 3 days late

## The day

- **12:39–15:00** free
- **15:00–16:00** [Meeting & more](https://e.org/app/?a=1&b=2)

*Worded by fixed rules, without a language model.*
"""
WORDS = [
    "Call", "Ingrid", "a_b", "*", "**", "_", "1.", "2", "-", "#", "&", "&amp;", "A & B", "<", "!",
    "![", "[", "]", "(", ")", "\\*", "\\[", "\\", "`", "https://e.org/a?b=c&d=e_f", "\\.", "\\>",
    "[a](https://e.org/x_y)", "[**b c**](https://e.org/#t-1)", "**strong**", "*em*", "·", "é",
    "12:39–15:00", "|", "=", "~", '"q"', "**a** b", "*a*b", "a*b*", "**x**y", "(**z**)", "{x}",
    "[*em*, x](http://h.org)", "&copy;", "  ", "\\(", "[l](https://e.org/*a*)", "10.", "\u00a0",
    "**[x](https://e.org)**", "[a](https://e.org)!", "* *", "_a_", "[ a](https://e.org)", "**(p)**",
    "**a!**", "**!a**", "[a \\] b](https://e.org)", "[a](https://u@e.org)", "[a](https:///x)",
    "\t", "\r", "[a](mailto:x@e.org)", "[a](https://e.org \"t\")", "[a]: https://e.org", "\x02",
    "+", "!x", "日本", "\u2028", "[a](https://e.org&#64;f.org)", "[a](https://e.org/?x=&quot;)",
    "[a](https://e.org/?x=1&y;=2)", "[a](https://e.org&commat;f.org/?b=1&copy=2)",
    "*\u00a0a*", "**\u3000a**", "*a\u2003*", "**a\u00a0**", "[*\u00a0a*](https://e.org)",
    "[**a\u202f**](https://e.org)",
]  # fmt: skip
lines = st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).flatmap(
    lambda words: st.sampled_from([" ", " ", ""]).map(lambda gap: gap.join(words))
)
blocks = st.one_of(
    lines,
    st.builds(lambda n, line: "#" * n + " " + line, st.integers(1, 7), lines),
    st.lists(lines.map("- {}".format), min_size=1, max_size=3).map("\n".join),
    st.lists(lines, min_size=1, max_size=3).map(
        lambda found: "\n".join(f"{n}. {line}" for n, line in enumerate(found, 1))
    ),
    st.lists(lines, min_size=2, max_size=2).map("\n".join),
)
documents = st.lists(blocks, min_size=1, max_size=3).map("\n\n".join)


def parsed(text: str) -> str:
    html = module._new_parser().convert(text)
    if is_clean(html, module.is_safe_in_html):
        return html
    return str(module._cleaner().clean(html))


@settings(max_examples=1_500, deadline=None)
@given(documents)
def test_it_is_what_the_parser_and_the_sanitiser_make_of_it(text: str) -> None:
    html = simple_html(text, is_safe_in_html)
    if html is not None:
        assert html == parsed(text)


def test_a_brief_needs_no_parser() -> None:
    html = simple_html(BRIEF, is_safe_in_html)
    assert html is not None
    assert html == parsed(BRIEF)
    assert "Pay (again)</a> – 3 days late" in html


@pytest.mark.parametrize(
    "text",
    [
        "[a](javascript:x)",
        "a\n> b",
        "- a\n\n- b",
        "<b>a</b>",
        "a\n===",
        "[a](https://e.org&#64;f.org/)",
    ],
)
def test_what_is_beyond_it_is_left_to_the_parser(text: str) -> None:
    assert simple_html(text, is_safe_in_html) is None


@settings(max_examples=500, deadline=None)
@given(documents)
def test_the_text_of_clean_html_is_the_same_without_a_parser(text: str) -> None:
    html = parsed(text)
    slow = plain._TextWriter()
    slow.feed(html)
    slow.close()
    assert plain.to_text(html) == slow.text()
