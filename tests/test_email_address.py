"""Addresses that people have and that programs stumbled over: accepted as they are sent, or not."""

import pytest

from buildos_box.email_address import parse

LONGEST = "a" * 64 + "@" + ".".join(["b" * 63, "c" * 63, "d" * 61])
ACCEPTED = [
    ("ada@example.org", "ada@example.org", False),
    ("Ada.Lovelace+box@Example.ORG", "Ada.Lovelace+box@example.org", False),
    ("briefs@localhost", "briefs@localhost", False),
    ("o'hara_!#$%&*/=?^`{|}~-@example.org", "o'hara_!#$%&*/=?^`{|}~-@example.org", False),
    # swiftmailer/swiftmailer#1056, PHPMailer/PHPMailer#1440: a local part in another script.
    ("jörg@example.org", "jörg@example.org", True),
    # swiftmailer/swiftmailer#1166: both halves.
    ("θσερ@εχαμπλε.ψομ", "θσερ@xn--mxahbxey0c.xn--xxaf0a", True),
    # rnwood/smtp4dev#13: decomposed letters are composed on the wire.
    ("jo\u0308rg@example.org", "jörg@example.org", True),
    # encode/httpx#150: a domain that IDNA 2003 sends to somebody else.
    ("ada@faß.de", "ada@xn--fa-hia.de", False),
    ("ada@münchen.example", "ada@xn--mnchen-3ya.example", False),
    # As long as RFC 5321 allows: 64 bytes before the @, 254 in all.
    (LONGEST, LONGEST, False),
    ("ü" * 32 + "@example.org", "ü" * 32 + "@example.org", True),
]
REFUSED = [
    ("a..b@example.org", "two in a row"),  # micke/valid_email2#164, viur-framework/viur-core#1729
    ("name.@example.org", "dot"),  # jquense/yup#2181, afair/email_address#106
    (".test@example.org", "dot"),  # mikel/mail#279
    ("abc@gmail...com", "domain"),  # mikel/mail#1124
    ("ada@example.org.", "domain"),
    ("ada@-example.org", "domain"),
    ("ada@under_score.example", "domain"),
    ("ada@☃.net", "IDNA 2008"),  # psf/requests#3687
    ("ada", "needs"),
    ("@example.org", "needs"),
    ("ada@", "needs"),
    ("ada lovelace@example.org", "' '"),
    ('"a b"@example.org', "before the @"),
    ("ada@bob@example.org", "'@'"),
    ("ada\r\nBcc: x@example.org", "before the @"),
    ("a\u200bda@example.org", "before the @"),
    ("a" * 65 + "@example.org", "64 bytes"),
    ("ü" * 33 + "@example.org", "64 bytes"),
    ("a@" + ".".join(["b" * 60] * 5), "long"),
    (LONGEST + "d", "longer than 254 bytes"),
]


@pytest.mark.parametrize(("text", "on_the_wire", "needs_smtputf8"), ACCEPTED)
def test_an_address_is_read_as_it_is_sent(
    text: str, on_the_wire: str, needs_smtputf8: bool
) -> None:
    address = parse(text)
    assert (str(address), address.needs_smtputf8) == (on_the_wire, needs_smtputf8)


@pytest.mark.parametrize(("text", "why"), REFUSED)
def test_what_no_server_takes_is_refused_with_a_reason(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse(text)
