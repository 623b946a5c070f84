"""Certificates that are read at the first connection still decide who is trusted."""

from pathlib import Path

import httpx
import pytest

from buildos_box.egress import Egress, lazy_tls
from buildos_box.settings import EgressSettings
from tests.doubles.web import Answer, Authority, Web


async def test_a_server_is_trusted_by_its_certificate_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path, "localhost")
    context = lazy_tls.trusted_at_first_use()
    lazy_tls._trusted.cache_clear()
    try:
        with Web(Answer(200, b"hello"), tls=authority) as web:
            async with httpx.AsyncClient(verify=context, trust_env=False) as client:
                with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
                    await client.get(web.url(host="localhost"))
                lazy_tls._trusted.cache_clear()
                monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca_file))
                assert (await client.get(web.url(host="localhost"))).text == "hello"
    finally:
        lazy_tls._trusted.cache_clear()


async def test_all_connections_share_what_was_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path, "localhost")
    lazy_tls._trusted.cache_clear()
    try:
        with Web(Answer(200, b"one"), Answer(200, b"two"), tls=authority) as web:
            for text in (b"one", b"two"):
                egress = Egress(EgressSettings(allow_private=True))
                with monkeypatch.context() as environment:
                    if text == b"one":
                        environment.setenv("SSL_CERT_FILE", str(authority.ca_file))
                    assert (await egress.get(web.url(host="localhost"))).body == text
    finally:
        lazy_tls._trusted.cache_clear()
