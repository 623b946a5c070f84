"""A mail's row becomes harmless, readable, repeatable bytes (docs/spec.md#mail-format)."""

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buildos_box.errors import PermanentError
from buildos_box.mail.html import is_safe_link, links_in, rewrite_links, to_html
from buildos_box.mail.plain_text import to_text
from buildos_box.mail.render import render, text_part
from buildos_box.page_links import PageLinks
from tests.mail.sample_mails import SENDER, Tags, letter, message, parsed, part

ATTACKS = [
    "<script>alert(1)</script>",
    "# <script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java&#115;cript:alert(1))",
    "[x](  javascript:alert(1))",
    '<a href="jav&#x0A;ascript:alert(1)">x</a>',
    '<a href="\x01javascript:alert(1)">x</a>',
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:msgbox(1))",
    "[x](//evil.example/)",
    "[x](/relative)",
    "[x](https://user:pass@evil.example/)",
    "[x](https:\\\\evil.example)",
    '<a href="https://good.example&#64;evil.example/">x</a>',
    "[x](https://good.example&#64;evil.example/)",
    "[x](https://good.example&#x40;evil.example/?a=1&b=2)",
    "[x](https://good.example&commat;evil.example)",
    "- [**x**](https://good.example/) [y](https://good.example&#0064;evil.example/)",
    "[x](https://good.example&#9;.evil.example/)",
    "[x](https://good.example&bsol;evil.example/)",
    "[x](https://good.example&#92;&#64;evil.example/)",
    "[x](<https://good.example&#64;evil.example/>)",
    "[x][y]\n\n[y]: https://good.example&#64;evil.example/",
    "<https://good.example&#64;evil.example/>",
    "[x](https://good.example/&quot;onclick=&quot;alert(1))",
    "![x](https://evil.example/pixel.gif)",
    '<img src=x onerror="alert(1)">',
    "<svg/onload=alert(1)>",
    '<p onclick="alert(1)" style="background:url(javascript:alert(1))">x</p>',
    "<style>@import 'https://evil.example/x.css';</style>",
    '<div style="position:fixed">x</div>',
    '<iframe src="https://evil.example"></iframe>',
    '<form action="https://evil.example"><input name=a></form>',
    '<base href="https://evil.example/">',
    '<meta http-equiv="refresh" content="0;url=https://evil.example">',
    '<a href="https://a.example/" target="_blank" onmouseover="alert(1)">x</a>',
    "<a href='https://x.example/\"onclick=\"alert(1)'>x</a>",
    "<!--<img src=x onerror=alert(1)>-->",
    "<math><mi xlink:href='javascript:alert(1)'>x</mi></math>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "`<script>alert(1)</script>`",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "</td></tr></table><script>alert(1)</script>",
    "$subject ${unsubscribe} {{7*7}} {0.__class__}",
]
HARMLESS = {
    *("html", "head", "meta", "title", "style", "body", "div", "table", "tr", "td", "a", "img"),
    *("p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "strong", "em", "b", "i", "br"),
    *("code", "pre", "blockquote", "hr", "th", "thead", "tbody"),
}


def assert_harmless(html: str) -> None:
    tags = Tags(html)
    assert {tag for tag, _ in tags.found} <= HARMLESS
    assert len(tags.named("style")) == 1
    assert len(tags.named("meta")) == 4
    for image in tags.named("img"):
        assert str(image["src"]).startswith("https://box.example/email/track/open/")
    for tag, attributes in tags.found:
        assert not [name for name in attributes if name.startswith("on")]
        assert "javascript" not in str(attributes.get("style"))
        assert tag == "a" or "href" not in attributes
        if tag == "a" and "href" in attributes:
            assert is_safe_link(str(attributes["href"]))


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("tracking", [True, False])
def test_nothing_dangerous_survives_in_the_html(attack: str, tracking: bool) -> None:
    rendered = render(letter(attack, subject=attack, tracking=tracking), SENDER)
    assert_harmless(part(parsed(rendered.message), "html"))
    assert [url for url in rendered.links if not is_safe_link(url)] == []


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_text_part_has_no_markup_of_the_attack(attack: str) -> None:
    text = part(message(attack), "plain")
    assert "javascript:" not in text.lower().replace("`", "")
    assert "](" not in text


@settings(max_examples=60)
@given(st.text(st.sampled_from(list("<>\"'&[]()!#*_`|-\n \\/:;=xajavscript")), max_size=60))
def test_no_mixture_of_marks_is_dangerous(markdown: str) -> None:
    assert_harmless(part(message(markdown, tracking=True), "html"))


def test_what_looks_like_a_template_appears_as_it_was_written() -> None:
    odd = "{{7*7}} ${7*7} $body {0.__class__}"
    mail = message(odd, subject=odd)
    assert odd in part(mail, "html")
    assert mail["Subject"] == odd


def test_two_renders_of_one_mail_are_the_same_bytes() -> None:
    mail = letter("# Hi\n\n[a](https://a.example/?x=1&y=2)", tracking=True)
    assert render(mail, SENDER) == render(mail, SENDER)


def test_the_text_comes_first_and_the_html_last() -> None:
    mail = message()
    assert mail.get_content_type() == "multipart/alternative"
    kinds = [each.get_content_type() for each in mail.iter_parts()]
    assert kinds == ["text/plain", "text/html"]
    assert '<html lang="en-US" dir="ltr">' in part(mail, "html")
    assert 'name="color-scheme" content="light dark"' in part(mail, "html")


def test_the_headers_are_those_that_the_rules_want() -> None:
    mail = message()
    assert mail["From"] == "BuildOS <briefs@box.example>"
    assert mail["To"] == "ada@example.org"
    assert mail["Date"] == "Wed, 23 Oct 2024 09:00:00 +0000"
    assert mail["Message-ID"] == "<email-1@box.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["List-Unsubscribe"].startswith("<https://box.example/unsubscribe/")
    assert mail["MIME-Version"] == "1.0"


def test_a_long_unsubscribe_address_is_neither_broken_nor_encoded() -> None:
    links = PageLinks(f"https://{'long.' * 20}example")
    sender = SENDER.__class__("Box", "b@box.example", links, b"k" * 32)
    raw = render(letter(), sender).message
    (line,) = [line for line in raw.split(b"\r\n") if line.startswith(b"List-Unsubscribe:")]
    assert line.startswith(b"List-Unsubscribe: <https://long.long.")
    assert line.endswith(b">")


LINES = ["\r\nBcc: evil@example.org", "\nBcc: evil@example.org", "\r\n\r\n<script>", "\x85Bcc: x"]


@pytest.mark.parametrize("line", LINES)
def test_a_line_break_in_the_subject_adds_no_header(line: str) -> None:
    mail = message(subject=f"Your brief{line}")
    assert mail["Bcc"] is None
    assert str(mail["Subject"]).startswith("Your brief ")
    assert "<script>" not in part(mail, "plain")


@pytest.mark.parametrize("line", LINES)
def test_a_line_break_in_the_senders_name_adds_no_header(line: str) -> None:
    sender = SENDER.__class__(f"Box{line}", "b@box.example", SENDER.links, b"k")
    mail = parsed(render(letter(), sender).message)
    assert mail["Bcc"] is None
    assert len(mail["From"].addresses) == 1


@pytest.mark.parametrize(
    "address",
    [
        "ada@example.org\r\nBcc: evil@example.org",
        "ada@example.org\nX: y",
        "ada@example.org, evil@example.org",
        "ada@example.org> RCPT TO:<evil@example.org",
        "<ada@example.org>",
        "Ada <ada@example.org>",
        "ada",
        "@example.org",
        "",
        "a..b@example.org",
    ],
)
def test_an_address_that_is_not_one_mailbox_is_refused_for_good(address: str) -> None:
    with pytest.raises(PermanentError) as refused:
        render(letter(address=address), SENDER)
    assert refused.value.code == "bad_address"


def test_a_domain_beyond_ascii_is_written_as_the_network_knows_it() -> None:
    rendered = render(letter(address="ada@müller.example"), SENDER)
    assert rendered.recipient == "ada@xn--mller-kva.example"
    assert parsed(rendered.message)["To"] == "ada@xn--mller-kva.example"


@settings(max_examples=60)
@given(st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs")), max_size=60))
def test_any_subject_arrives_as_it_was_written(subject: str) -> None:
    mail = message(subject=f"Your brief: {subject} and more")
    assert mail["Subject"] == f"Your brief: {subject} and more".replace(":  ", ": ")


@pytest.mark.parametrize("markdown", ["x" * 5000, "ж" * 3000, "a " * 3000, "From me\n\n.\n\n..b"])
def test_no_line_is_longer_than_mail_allows(markdown: str) -> None:
    raw = render(letter(markdown, subject="s" * 3000), SENDER).message
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert raw.isascii()
    assert markdown.split("\n")[0].strip() in part(parsed(raw), "plain")


def long_brief(links: int) -> str:
    lines = [f"- [Task {n}](https://a.example/{n}?a=1&b=2) " + "words " * 5 for n in range(links)]
    return "# Long\n\n" + "\n".join(lines)


@pytest.mark.parametrize("tracking", [True, False])
@pytest.mark.parametrize("links", [250, 2000])
def test_the_mail_stays_under_the_size_that_gmail_clips(links: int, tracking: bool) -> None:
    rendered = render(letter(long_brief(links), tracking=tracking), SENDER)
    mail = parsed(rendered.message)
    html = part(mail, "html")
    assert len(html.replace("\n", "\r\n").encode()) <= 100_000
    assert ("longer than fits a mail" in html) is (links == 2000)
    assert ("longer than fits a mail" in part(mail, "plain")) is (links == 2000)
    assert "Unsubscribe</a>" in html
    assert_harmless(html)
    assert html.count("<ul>") == html.count("</ul>")
    wrapped = [str(a["href"]) for a in Tags(html).named("a") if "/track/" in str(a["href"])]
    assert tuple(parse_qs(urlsplit(url).query)["url"][0] for url in wrapped) == rendered.links


def test_one_endless_block_leaves_a_note_of_it() -> None:
    html = part(message("x" * 200_000), "html")
    assert "longer than fits a mail" in html


def test_tracking_adds_one_pixel_and_wraps_the_links_of_the_web_only() -> None:
    rendered = render(
        letter(
            "[a](https://a.example/x?p=1&q=2#f) [m](mailto:b@c.example) [a](https://a.example/x)",
            tracking=True,
        ),
        SENDER,
    )
    tags = Tags(part(parsed(rendered.message), "html"))
    (pixel,) = tags.named("img")
    assert pixel["src"] == f"https://box.example/email/track/open/{'t' * 22}"
    one, mailto, two, settings, unsubscribe = [str(a["href"]) for a in tags.named("a")]
    assert [parse_qs(urlsplit(url).query)["url"] for url in (one, two)] == [
        ["https://a.example/x?p=1&q=2#f"],
        ["https://a.example/x"],
    ]
    assert mailto == "mailto:b@c.example"
    assert settings == "https://box.example/app/#settings"
    assert unsubscribe.startswith("https://box.example/unsubscribe/")
    assert rendered.links == ("https://a.example/x?p=1&q=2#f", "https://a.example/x")


def test_without_tracking_there_is_neither_pixel_nor_wrapped_link() -> None:
    rendered = render(letter("[a](https://a.example/)", tracking=False), SENDER)
    html = part(parsed(rendered.message), "html")
    assert "track" not in html
    assert Tags(html).named("img") == []
    assert rendered.links == ()


@settings(max_examples=60)
@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters='"<>\\`@()[]'))
)
def test_rewriting_finds_the_very_link_that_a_reader_would_follow(path: str) -> None:
    url = f"https://a.example/{path}"
    html = to_html(f"<{url}>") if is_safe_link(url) else ""
    seen: list[str] = []

    def same(link: str) -> str:
        seen.append(link)
        return link

    again = rewrite_links(html, same)
    assert seen == links_in(html)
    followed = [a.get("href") for a in Tags(html).named("a")]
    assert [a.get("href") for a in Tags(again).named("a")] == followed
    assert [link for link in followed if str(link).startswith("http")] == seen


def test_the_text_part_reads_well() -> None:
    markdown = """# Your *brief*

Hello [the site](https://en.example/Foo_(bar)?a=1&copy=2) & <https://auto.example/>
and on, [write](mailto:a@b.example).

## Today

- one
- **two** `code`
    - inner
- three

    with more

1. first
2. second

> said
> twice

    code
      indented

| Task | Due |
|---|---|
| A | B |

---

end &nbsp;here
"""
    assert (
        to_text(to_html(markdown))
        == """Your brief
==========

Hello the site <https://en.example/Foo_(bar)?a=1&copy=2> & https://auto.example/
and on, write <a@b.example>.

Today
-----

- one
- two code
  - inner
- three
  with more

1. first
2. second

> said twice

code
  indented

Task | Due
A | B

* * *

end here
""".replace("auto.example/\nand", "auto.example/ and")
    )


def test_the_text_as_it_is_read_back_names_no_unsubscribe_link() -> None:
    sent = part(message(), "plain")
    settings = "https://box.example/app/#settings"
    start = f"Your brief\n==========\n\nA calm day.\n\n-- \nSettings: {settings}\nUnsubscribe: "
    assert sent.startswith(f"{start}https://box.")
    assert text_part(letter(), SENDER) == f"{start}by the link in the mail itself\n"


def test_a_link_whose_text_names_another_address_shows_the_true_one() -> None:
    html = to_html("[https://bank.example](https://evil.example)")
    assert to_text(html) == "https://bank.example <https://evil.example>\n"
