"""Names in other scripts, as people have met them, and what DNS has to be asked for."""

import pytest

from buildos_box.hostname import to_ascii

LONGEST = ".".join(["a" * 63] * 3 + ["a" * 61])
"""253 characters, as many as a name may have."""
SAMPLES = [
    # encode/httpx#150, ubports/morph-browser#377: the codec of IDNA 2003 asks somebody else.
    ("faß.de", "xn--fa-hia.de"),
    # twingly/twingly-url#101, CVE-2016-8625.
    ("straße.de", "xn--strae-oqa.de"),
    # internetstandards/Internet.nl#507.
    ("www.laße.dk", "www.xn--lae-6ka.dk"),
    # python/cpython#92025: the final sigma is a letter of its own.
    ("κλαρα-σωλις.ευ", "xn----ylba7abgd9bnh0e.xn--qxa6a"),
    # furikake/sublime-codec#14: every part is encoded by itself.
    ("www.россия.рф", "www.xn--h1alffa9f.xn--p1ai"),
    # kjd/idna#40: of two scripts.
    ("ドメイン.テスト", "xn--eckwd4c7c.xn--zckzah"),
    # The mapping of UTS 46: full stop and capitals of other scripts.
    ("日本。JP", "xn--wgv71a.jp"),
    ("BÜCHER.example", "xn--bcher-kva.example"),
    # psf/requests#3687: what is ASCII stays, also where IDNA 2008 would not have made it.
    ("xn--n3h.net", "xn--n3h.net"),
    ("XN--FA-HIA.de", "xn--fa-hia.de"),
    ("r3---sn-p5.example.com", "r3---sn-p5.example.com"),
    ("under_score.example.org", "under_score.example.org"),
    ("example.org.", "example.org."),
    ("127.0.0.1", "127.0.0.1"),
    ("::1", "::1"),
    (LONGEST, LONGEST),
]
REFUSED = [
    "☃.net",  # psf/requests#3687, kjd/idna#40: to be written as xn--n3h.net
    "📻.fm",  # python/cpython#92025
    "a..example",
    "",
    ".",
    "a b.example",
    "ü" * 64 + ".example",
    "a" * 64 + ".example",
    # What UTS 46 maps to characters that no host name has.
    "bücher⑴.example",
    "bü_cher.example",
    LONGEST + "a",
]


@pytest.mark.parametrize(("name", "ascii_name"), SAMPLES)
def test_a_name_becomes_what_dns_has(name: str, ascii_name: str) -> None:
    assert to_ascii(name) == ascii_name


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_a_name_is_refused_with_a_reason(name: str) -> None:
    with pytest.raises(ValueError, match="host name"):
        to_ascii(name)
