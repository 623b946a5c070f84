"""Nothing that a model says is a link, an image or markup; names of tools stay names."""

import pytest

from buildos_box.llm.plain_text import plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a <b>b</b> c", "a b c"),
        ("see ht*tps://evil.example/x now", "see ht now"),
        ("See evil*.*example now", "See now"),
        ("See evil#.|example/x now", "See now"),
        ("**bold** `code`", "bold code"),
        ("javascript:alert(1) ok", "ok"),
        ("Move to Node.js: it is done", "Move to Node.js: it is done"),
        ("Node.js and Vue.js, then plan.PDF.", "Node.js and Vue.js, then plan.PDF."),
        ("Node.js/evil.example/x", "Node.js/"),
        ("Get node.js@evil.example now", "Get now"),
        ("Use Monday.com", "Use"),
        ("Use ASP.NET", "Use"),
        ("evil.example is near", "is near"),
        ("ev\u200bil.exam\u202eple", ""),
        ("See a.b.c.d.e.f.g.h.i.example now", "See now"),
        ("See evil\uff0eexample now", "See now"),
        ("See evil\u3002example now", "See now"),
        ("See evil\uff61example now", "See now"),
        ("See evil\u2024example now", "See now"),
        ("See ev\u00adil.exam\u00adple now", "See now"),
        ("See ev\ufe0fil.exam\u034fple now", "See now"),
        ("See \uff45\uff56\uff49\uff4c.\uff43\uff4f\uff4d/x now", "See now"),
        ("See .evil.example now", "See . now"),
        ("See ...evil.example/x now", "See ... now"),
        ("See evil.xn--p1ai now", "See now"),
        ("Ask ada@a.b.c.d.e.f.g.h.example now", "Ask now"),
        ("See 192.0.2.7 now", "See now"),
        ("See 192.0.2.7:8080/x now", "See now"),
        ("See 192\u2024 0.2.7", "See 192\u2024 0.2.7"),
        ("Version 1.2.3 costs 12.50, at 10.30.", "Version 1.2.3 costs 12.50, at 10.30."),
        ("Now \u00bd done\u2026 \u2764\ufe0f", "Now \u00bd done\u2026 \u2764\ufe0f"),
        ("\u4f1a\u8b70\u3067\u3059\u3002OK", "\u4f1a\u8b70\u3067\u3059\u3002OK"),
        ("Cafe\u0301 Zu\u0308rich", "Caf\u00e9 Z\u00fcrich"),
        ("[Node.js](https://evil.example) rocks", "Node.js rocks"),
    ],
)
def test_plain_leaves_no_links_or_markup(text: str, shown: str) -> None:
    assert plain(text, 100) == shown


@pytest.mark.parametrize(
    ("text", "own", "shown"),
    [
        ("Tidy your Monday.com board", "I live in Monday.com.", "Tidy your Monday.com board"),
        ("Keep ASP.NET, drop Perl", "ASP.NET!", "Keep ASP.NET, drop Perl"),
        ("Go to monday.com", "I live in monday.com", "Go to"),
        ("Go to Monday.com/login", "I live in Monday.com", "Go to"),
        ("Go to Evil.com", "see https://Evil.com/x", "Go to"),
        ("Go to Evil.com", "NotEvil.com", "Go to"),
        ("Go to Evil.com", "Evil.com.example", "Go to"),
    ],
)
def test_a_name_that_the_person_wrote_stays(text: str, own: str, shown: str) -> None:
    assert plain(text, 100, own=[own]) == shown


def test_it_is_cut_between_words() -> None:
    assert plain("one two three four", 10) == "one two…"


def test_a_script_without_spaces_is_cut_too() -> None:
    assert plain("会議の資料を準備して皆に送る", 10) == "会議の資料を準備し…"
    assert plain("A 会議の資料を準備して皆に送る", 10) == "A 会議の資料を準…"


def test_what_is_cut_is_no_address() -> None:
    assert plain("Send 会議の資料Report.docx", 20) == "Send…"
