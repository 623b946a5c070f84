"""Which addresses are refused, and that a name cannot lead elsewhere (docs/spec.md#egress)."""

import gzip
import io
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from buildos_box.egress import AddressRefused, AnswerTooLarge, Egress
from buildos_box.egress.addresses import is_public, read
from buildos_box.egress.resolver import Resolve
from buildos_box.errors import TransientError, Unprocessable
from buildos_box.settings import EgressSettings
from tests.doubles.web import Answer, Authority, Endless, Web

NOT_PUBLIC = [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "100.127.255.254",
    "127.0.0.1",
    "127.8.8.8",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "203.0.113.9",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:100.64.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2001::1",
    "2001:db8::1",
    "fc00::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]
PUBLIC = ["1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "64:ff9b::101:101"]


def to(*answers: list[str]) -> tuple[Resolve, list[str]]:
    """A resolver that answers so in turn, the last for ever; and the names it was asked for."""
    asked: list[str] = []

    async def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return answers[min(len(asked), len(answers)) - 1]

    return resolve, asked


def egress(*answers: list[str], allow: bool | tuple[str, ...] = False, ca: str = "") -> Egress:
    resolve = to(*answers)[0] if answers else None
    return Egress(EgressSettings(allow_private=allow, ca_file=ca), resolve=resolve)


@pytest.mark.parametrize("address", NOT_PUBLIC)
async def test_an_address_that_is_nobodys_on_the_internet_is_refused(address: str) -> None:
    with pytest.raises(AddressRefused):
        await egress([address]).get("https://feeds.example/")


@pytest.mark.parametrize("address", PUBLIC)
async def test_a_public_address_is_let_through(address: str) -> None:
    assert is_public(read(address))
    await egress([address]).check("https://feeds.example/")


async def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    with pytest.raises(AddressRefused):
        await egress(["1.1.1.1", "10.0.0.1"]).check("https://feeds.example/")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "017700000001", "[::1]", "localhost"]
)
async def test_no_spelling_of_loopback_reaches_it(host: str) -> None:
    with Web() as web:
        with pytest.raises(AddressRefused):
            await egress().get(f"https://{host}:{web.port}/")
        with pytest.raises(AddressRefused):
            await egress().get(f"http://{host}:{web.port}/")
        assert web.seen == []


@pytest.mark.parametrize(
    "url",
    [
        "http://feeds.example/",
        "ftp://feeds.example/",
        "file:///etc/passwd",
        "https://",
        "feeds.example",
        "https://ada:secret@feeds.example/",
        "https://feeds.example@evil.test/",
        "https://feeds.example\\@evil.test/",
        "https://feeds.example/\r\nHost: evil.test",
        "https://feeds.example:port/",
        "",
    ],
)
async def test_what_is_no_plain_https_address_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        await egress(["1.1.1.1"]).get(url)


async def test_the_name_is_looked_up_once_and_goes_to_the_server_with_tls(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "push.example")
    resolve, asked = to(["127.0.0.1"], ["10.9.9.9"])
    settings = EgressSettings(allow_private=("127.0.0.0/8",), ca_file=str(authority.ca_file))
    with Web(Answer(201, b"made"), tls=authority) as web:
        way = Egress(settings, resolve=resolve)
        url = web.url("/a?b=c", host="push.example")
        fetched = await way.post(url, content=b"hello", headers={"TTL": "60"})
    assert (fetched.status, fetched.body) == (201, b"made")
    assert asked == ["push.example"]
    (request,) = web.seen
    assert (request.method, request.path, request.body) == ("POST", "/a?b=c", b"hello")
    assert request.headers["host"] == f"push.example:{web.port}"
    assert (request.headers["ttl"], request.sni) == ("60", "push.example")


async def test_a_certificate_of_another_name_or_authority_is_no_connection(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "push.example")
    with Web(tls=authority) as web:
        other_name = egress(["127.0.0.1"], allow=True, ca=str(authority.ca_file))
        with pytest.raises(TransientError):
            await other_name.get(web.url(host="other.example"))
        with pytest.raises(TransientError):
            await egress(["127.0.0.1"], allow=True).get(web.url(host="push.example"))
        assert web.seen == []


async def test_a_redirect_is_an_answer_and_not_followed() -> None:
    with Web(Answer(302, headers={"Location": "/elsewhere"})) as web:
        fetched = await egress(allow=True).get(web.url())
    assert (fetched.status, fetched.headers["location"]) == (302, "/elsewhere")
    assert [request.path for request in web.seen] == ["/"]


async def test_an_answer_ends_at_the_limit_packed_or_not() -> None:
    packed = Answer(200, gzip.compress(b"a" * 100_000), {"Content-Encoding": "gzip"})
    with Web(Answer(200, b"a" * 101), packed, Answer(200, b"a" * 100)) as web:
        way = egress(allow=True)
        for _ in range(2):
            with pytest.raises(AnswerTooLarge):
                await way.get(web.url(), max_bytes=100)
        assert len((await way.get(web.url(), max_bytes=100)).body) == 100


@pytest.mark.parametrize("packed", [False, True])
async def test_an_answer_that_never_ends_is_ended(packed: bool) -> None:
    with Endless(packed=packed) as web:
        with pytest.raises(AnswerTooLarge):
            await egress(allow=True).get(web.url, max_bytes=100_000)
        assert web.hung_up.wait(5)
        assert web.sent < 20_000_000


LONG = b"BEGIN:VCALENDAR\r\n" * 20_000


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize("body", [b"", b"B", b"BEGIN", LONG])
@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("x-gzip", gzip.compress),
        ("GZIP", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", raw_deflate),
        ("identity", bytes),
        # A server that hands out a packed file and does not say so, and two files in a row.
        ("", gzip.compress),
        ("gzip", lambda body: gzip.compress(body[:3]) + gzip.compress(body[3:])),
    ],
)
async def test_a_packed_answer_is_unpacked(
    encoding: str, pack: Callable[[bytes], bytes], body: bytes
) -> None:
    headers = {"Content-Encoding": encoding} if encoding else {}
    with Web(Answer(200, pack(body), headers)) as web, io.BytesIO() as file:
        assert (await egress(allow=True).get(web.url())).body == body
        streamed = await egress(allow=True).get(web.url(), into=file)
        assert (streamed.body, file.getvalue()) == (b"", body)


@pytest.mark.parametrize(("encoding", "cut"), [("gzip", -3), ("gzip", 1), ("deflate", -3)])
async def test_a_packed_answer_that_breaks_off_may_be_tried_again(encoding: str, cut: int) -> None:
    pack = gzip.compress if encoding == "gzip" else zlib.compress
    answer = Answer(200, pack(LONG)[:cut], {"Content-Encoding": encoding})
    with Web(answer) as web, pytest.raises(TransientError) as broken:
        await egress(allow=True).get(web.url())
    assert broken.value.code == "broken_answer"


async def test_time_has_a_limit_and_trouble_may_be_tried_again() -> None:
    with Web(Answer(delay=0.5)) as web, pytest.raises(TransientError) as slow:
        await egress(allow=True).get(web.url(), timeout=0.1)
    assert slow.value.code == "timeout"
    with pytest.raises(TransientError) as gone:
        await egress(allow=True).get(web.url())
    assert gone.value.code == "connection"
    with pytest.raises(TransientError) as unknown:
        await egress([]).get("https://nowhere.example/")
    assert unknown.value.code == "unresolved"


async def test_the_next_address_is_tried_where_the_first_takes_no_connection() -> None:
    with Web(Answer(200, b"here")) as web:
        way = egress(["127.0.0.9", "127.0.0.1"], allow=True)
        assert (await way.get(web.url(host="feeds.example"))).body == b"here"


async def test_private_networks_are_allowed_one_by_one_and_link_local_only_so() -> None:
    await egress(["10.1.0.1"], allow=("10.1.0.0/16",)).check("http://lan.example/")
    await egress(["::ffff:10.1.0.1"], allow=("10.1.0.0/16",)).check("http://lan.example/")
    with pytest.raises(AddressRefused):
        await egress(["10.2.0.1"], allow=("10.1.0.0/16",)).check("http://lan.example/")
    with pytest.raises(AddressRefused):
        await egress(["169.254.169.254"], allow=True).check("http://lan.example/")
    await egress(["169.254.1.1"], allow=("169.254.1.1/32",)).check("http://lan.example/")
    with pytest.raises(Unprocessable):
        egress(allow=("the office",))


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        # ubports/morph-browser#377, twingly/twingly-url#101: `fass.de` is somebody else's.
        ("https://faß.de/calendar.ics", "xn--fa-hia.de"),
        ("https://xn--fa-hia.de/calendar.ics", "xn--fa-hia.de"),
        ("https://straße.example:443/x", "xn--strae-oqa.example"),
        ("https://κλαρα-σωλις.ευ/", "xn----ylba7abgd9bnh0e.xn--qxa6a"),
        ("https://日本。example/", "xn--wgv71a.example"),
        ("https://MÜNCHEN.example/", "xn--mnchen-3ya.example"),
        ("https://xn--n3h.net/", "xn--n3h.net"),
    ],
)
async def test_a_name_in_another_script_is_looked_up_by_idna_2008(url: str, asked: str) -> None:
    resolve, names = to(["1.1.1.1"])
    await Egress(EgressSettings(), resolve=resolve).check(url)
    assert names == [asked]


async def test_a_name_that_is_none_under_idna_2008_is_refused() -> None:
    with pytest.raises(AddressRefused, match="IDNA 2008"):
        await egress(["1.1.1.1"]).check("https://☃.net/")


async def test_a_name_without_an_address_reads_like_a_private_one() -> None:
    messages = set()
    for answer in ([], ["10.0.0.1"], ["127.0.0.1"], ["not an address"]):
        with pytest.raises((AddressRefused, TransientError)) as refused:
            await egress(answer).check("https://db.internal.example/")
        messages.add(refused.value.message)
    assert messages == {"db.internal.example leads to no public address"}


@pytest.mark.parametrize("port", [22, 25, 8080, 0])
async def test_other_ports_of_public_addresses_are_refused_before_the_name_is_looked_up(
    port: int,
) -> None:
    resolve, asked = to(["8.8.8.8"])
    with pytest.raises(AddressRefused) as refused:
        await Egress(EgressSettings(), resolve=resolve).get(f"https://dns.example:{port}/")
    assert "443 or 80" in refused.value.message
    assert "egress.allowed_ports" in refused.value.message
    assert asked == []
    resolve, _ = to(["8.8.8.8"])
    with pytest.raises(AddressRefused):
        await Egress(EgressSettings(allow_private=True), resolve=resolve).check(
            f"https://dns.example:{port}/"
        )


async def test_other_ports_can_be_allowed() -> None:
    settings = EgressSettings(allowed_ports=(443, 8443))
    resolve, _ = to(["8.8.8.8"])
    await Egress(settings, resolve=resolve).check("https://feeds.example:8443/")
    with pytest.raises(AddressRefused):
        await Egress(settings, resolve=resolve).check("https://feeds.example:80/")


async def test_why_a_connection_failed_is_told_in_words_of_our_own(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "push.example")
    with Web(tls=authority) as web:
        with pytest.raises(TransientError) as untrusted:
            await egress(["127.0.0.1"], allow=True).get(web.url(host="push.example"))
        plain = f"http://push.example:{web.port}/"
        with pytest.raises(TransientError) as no_http:
            await egress(["127.0.0.1"], allow=True).get(plain)
        port = web.port
    with pytest.raises(TransientError) as closed:
        await egress(["127.0.0.1"], allow=True).get(f"https://push.example:{port}/")
    assert untrusted.value.message == "push.example has no valid certificate"
    assert no_http.value.message == "push.example broke off"
    assert closed.value.message == "push.example cannot be connected to"
