"""No target leads a message elsewhere than the operator's URL says (docs/spec.md#chat-targets)."""

from pathlib import Path
from urllib.parse import urlsplit

import apprise
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from buildos_box.chat import targets
from buildos_box.chat.http_exchange import Exchange, OtherHost, recording
from buildos_box.errors import Unprocessable
from buildos_box.settings.channels import ChatSettings
from buildos_box.settings.chat_url import fault_of_template
from buildos_box.settings.section import Secret
from tests.doubles.chat import NtfyDouble
from tests.doubles.web import Authority, Web

URLS = {
    "ntfys://phil:mypass@ntfy.example.org/{target}": "ada-7f3k",
    "gotifys://gotify.example.org/path/{target}": "Aada.token-1",
    "tgram://110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/{target}": "4711",
    "matrixs://box:pw@matrix.example.org/{target}": "!abc:example.org",
    "signals://signal.example.org/+4915112345678/{target}": "+4915112345679",
    "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js/?thread={target}": "1234567890",
    "nctalks://box:pw@cloud.example.org/{target}": "r00mtoken",
}
CHARACTERS = st.sampled_from("aZ09-_.:!+=~/@?#%&;,{}\\ \n\täＡ")


def service(url: str) -> ChatSettings:
    return ChatSettings(url=Secret(url))


def plugin(url: str, target: str) -> apprise.NotifyBase:
    made = apprise.Apprise.instantiate(targets.url_for(service(url), target))
    assert isinstance(made, apprise.NotifyBase), (url, target)
    return made


@pytest.mark.parametrize(("url", "usual"), URLS.items())
@given(text=st.text(CHARACTERS, min_size=1, max_size=12))
def test_whatever_is_taken_changes_nothing_but_the_target(url: str, usual: str, text: str) -> None:
    """The identity of a service in Apprise is all of its address without the targets."""
    assert fault_of_template(url) is None
    for given_text in (text, usual + text, text + usual):
        try:
            target = targets.target_of(service(url), given_text)
        except Unprocessable:
            continue
        made = apprise.Apprise.instantiate(targets.url_for(service(url), target))
        if isinstance(made, apprise.NotifyBase):
            assert made.url_identifier == plugin(url, usual).url_identifier
            assert len(made) == 1
            parts = urlsplit(targets.url_for(service(url), target))
            assert parts.netloc == urlsplit(url).netloc
            assert len(parts.path.split("/")) == len(urlsplit(url).path.split("/"))


def test_a_request_to_another_host_is_not_sent_while_a_message_is() -> None:
    with NtfyDouble() as other:
        exchange = Exchange(host="ntfy.example.org")
        with recording(exchange), pytest.raises(OtherHost):
            requests.get(f"http://127.0.0.1:{other.port}/v1/health", timeout=5)
        assert other.seen == []
        assert isinstance(exchange.fault, OtherHost)
        # Otherwise the library is as it was: Twilio's client uses it too.
        assert requests.get(f"http://127.0.0.1:{other.port}/v1/health", timeout=5).ok


def test_a_service_with_a_certificate_of_the_operators_own_authority_is_trusted(
    tmp_path: Path,
) -> None:
    authority = Authority(tmp_path, "localhost")
    with Web(tls=authority) as own:
        with recording(Exchange("localhost")), pytest.raises(requests.exceptions.SSLError):
            requests.get(own.url(host="localhost"), timeout=5)
        assert own.seen == []
        trusting = Exchange("localhost", ca_file=str(authority.ca_file))
        with recording(trusting):
            assert requests.get(own.url("/a?b=c", "localhost"), timeout=5).ok
    assert [(answer.status, trusting.fault) for answer in trusting.answers] == [(200, None)]
    assert [request.path for request in own.seen] == ["/a?b=c"]


@pytest.mark.parametrize(
    ("number", "is_taken"),
    [("+491511234", False), ("+4915112345", True), ("+49151123456789", True),
     ("+491511234567890", False)],
)  # fmt: skip
def test_a_number_is_taken_as_the_library_takes_it(number: str, is_taken: bool) -> None:
    url = "signals://signal.example.org/+4915112345678/{target}"
    assert len(plugin(url, number)) == int(is_taken)
    assert targets.fits(service(url), number) is is_taken


def test_a_target_stays_one_segment_or_value() -> None:
    matrix = service("matrixs://box:pw@matrix.example.org/{target}")
    made = targets.url_for(matrix, "!abc:example.org")
    assert made == "matrixs://box:pw@matrix.example.org/%21abc%3Aexample.org"


def test_a_target_is_shown_only_in_its_beginning() -> None:
    assert targets.masked_target("ada-7f3k") == "ad…"
    assert targets.masked_target("4711") == "…"
