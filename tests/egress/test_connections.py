"""What a connection goes without, and what its refusals are called (docs/spec.md#egress)."""

import pytest

from buildos_box.egress import AddressRefused, AnswerTooLarge, Egress
from buildos_box.egress.resolver import Resolver
from buildos_box.settings import EgressSettings
from tests.doubles.web import Answer, Web
from tests.egress.test_egress import egress


@pytest.mark.parametrize("name", ["HTTP_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"])
async def test_a_proxy_of_the_environment_is_not_used(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Else the proxy would look up the name, and connect to what is never checked here."""
    with Web(Answer(200, b"the proxy")) as proxy, Web(Answer(200, b"itself")) as web:
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        fetched = await egress(["127.0.0.1"], allow=True).get(web.url(host="feeds.example"))
        assert (fetched.body, proxy.seen) == (b"itself", [])


@pytest.mark.parametrize(
    ("url", "port"),
    [
        ("https://feeds.example/", 443),
        ("http://feeds.example/", 80),
        ("http://feeds.example:8080/", 8080),
        ("https://feeds.example:80/", 80),
    ],
)
async def test_a_name_is_looked_up_for_the_port_that_is_connected_to(url: str, port: int) -> None:
    asked: list[tuple[str, int]] = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return ["10.0.0.1"]

    await Egress(EgressSettings(allow_private=True), resolve=resolve).check(url)
    assert asked == [("feeds.example", port)]


async def test_refusals_have_codes_of_their_own() -> None:
    with Web(Answer(200, b"abc")) as web, pytest.raises(AnswerTooLarge) as large:
        await egress(allow=True).get(web.url(), max_bytes=2)
    assert large.value.code == "answer_too_large"
    with pytest.raises(AddressRefused) as refused:
        await egress(["10.0.0.1"]).check("https://feeds.example/")
    assert refused.value.code == "address_refused"


async def test_a_name_that_cannot_be_encoded_has_no_address() -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        raise UnicodeError("label too long")

    assert await Resolver(resolve).addresses("some.example", 443, None) == []
