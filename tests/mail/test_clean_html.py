"""The sanitiser is spared what it would leave as it is (docs/spec.md#mail-format)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buildos_box.mail import html as module
from buildos_box.mail.clean_html import is_clean
from buildos_box.mail.html import closed

SAFE_LINK = '<a href="https://x.example/?a=1&amp;b=2">'
PIECES = [
    "a", "b *c*", "**d**", "_e_", "__f__", "`g`", "[l](https://x.example/?a=1&b=_2_)",
    "![i](a.png)",
    "[m](javascript:alert(1))", "[n](mailto:a@b.example \"t\")", "<b>", "</b>", "<p>", "<script>",
    "<a href=\"https://x\">", "</a>", "<!-- c -->", "<https://auto.example>", "\n", "\n\n", "- ",
    "1. ", "    ", "> ", "# ", "## ", "&", "&amp;", "&lt;", "&quot;", "&nbsp;", "&#106;", "\"", "'",
    "<", "|", "| a | b |\n|---|---|\n| 1 | 2 |\n", "---", "\\*", "\\_", "  \n", "ü", "\u00a0", "\r",
    "\x00", "\x0b", "\ufdd0", "日本", "```\ncode\n```", "[x][1]", "[1]: https://r.example \"t\"\n",
    "[a]", "<br>", "<hr>", "<ul><li>", "</li></ul>", "\u2028",
]  # fmt: skip
NAMES = [
    *("p", "ul", "ol", "li", "em", "strong", "b", "i", "code", "a", "br", "hr", "h1", "h2"),
    *("blockquote", "pre", "table", "td", "img"),
]
markdown_texts = st.lists(st.sampled_from(PIECES), max_size=18).map("".join)


def would_stay(html: str) -> bool:
    return is_clean(html, module.is_safe_in_html)


@st.composite
def nested_tags(draw: st.DrawFn) -> str:
    """Tags that are closed in the order they should be, in any that may not be within another."""
    parts: list[str] = []
    within: list[str] = []
    for step in draw(st.lists(st.sampled_from([*NAMES, "", "", "", "x", "\n"]), max_size=14)):
        if step == "":
            parts += [f"</{within.pop()}>"] if within else []
        elif step in ("x", "\n"):
            parts.append(step)
        else:
            parts.append(SAFE_LINK if step == "a" else f"<{step}>")
            within += [] if step in ("br", "hr", "img") else [step]
    return "".join([*parts, *(f"</{name}>" for name in reversed(within))])


@settings(max_examples=300, deadline=None)
@given(nested_tags())
def test_the_sanitiser_changes_nothing_of_what_is_clean(html: str) -> None:
    if would_stay(html):
        assert closed(html) == html


@settings(max_examples=300, deadline=None)
@given(markdown_texts)
def test_nor_of_what_markdown_makes_of_any_text(text: str) -> None:
    html = module._OWN.parser.reset().convert(text)
    if would_stay(html):
        assert closed(html) == html


@settings(max_examples=300, deadline=None)
@given(markdown_texts.filter(lambda text: not module._RARE.search(text)))
def test_usual_texts_mean_the_same_without_rare_syntax(text: str) -> None:
    usual = module._OWN.parser_of_usual.reset().convert(text)
    assert usual == module._OWN.parser.reset().convert(text)


@pytest.mark.parametrize(
    "html",
    [
        "<p>plain &amp; <em>simple</em><br>\nlines</p>",
        f"<ol>\n<li>{SAFE_LINK}<strong>Pay</strong></a> – due <em>today</em></li>\n</ol>\n<hr>",
        "<blockquote>\n<p>said</p>\n<ul>\n<li>\n<p>one</p>\n</li>\n</ul>\n</blockquote>",
        "<h2>The day</h2>\n<p>日本 · ü</p>",
    ],
)
def test_what_briefs_are_made_of_is_clean(html: str) -> None:
    assert would_stay(html)
    assert closed(html) == html


@pytest.mark.parametrize(
    "html",
    [
        "<p>open",
        "<p>x</em></p>",
        "<p><p>x</p></p>",
        "<p><ul><li>x</li></ul></p>",
        "<ul>x<li>y</li></ul>",
        "<li>x</li>",
        f"<p>{SAFE_LINK}x{SAFE_LINK}y</a></a></p>",
        "<p><em><em>x</em></em></p>",
        '<p><a href="javascript:alert(1)">x</a></p>',
        '<p><a href="java&#115;cript:alert(1)">x</a></p>',
        '<p><a href="https://x.example" onclick="x()">y</a></p>',
        '<p href="https://x.example">y</p>',
        "<p><a>x</a></p>",
        '<p>x</p href="https://x.example">',
        "<script>x</script>",
        "<p class='x'>y</p>",
        "<P>x</P>",
        "<p>a < b</p>",
        "<p>a > b</p>",
        "<p>&nbsp;</p>",
        "<p>a\rb</p>",
        "<p>\x00</p>",
        "<p>\ufdd0</p>",
        "<!-- x -->",
        "<pre>\nx</pre>",
        "</p>",
    ],
)
def test_all_else_is_left_to_the_sanitiser(html: str) -> None:
    assert not would_stay(html)


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://x.example/a?b=1&c=2", True),
        ("https://x.example:8443/ü!", True),
        ("mailto:ada@x.example", True),
        *((f"https://x.example/ü{mark}", False) for mark in '"<>\\`'),
        ("https://x.example/ü b", False),
        ("https://x.example/ü\u200b", False),
        ("https://ada@x.example/", False),
        ("https://ada:pw@x.example/", False),
        ("https://[x/", False),
        ("https:///a", False),
        ("ftp://x.example/", False),
        ("javascript:alert(1)", False),
        ("//x.example/", False),
    ],
)
def test_a_safe_link_goes_to_a_host_and_cannot_leave_its_place(url: str, safe: bool) -> None:
    assert module.is_safe_link(url) is safe
