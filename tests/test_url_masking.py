"""Addresses that open something are shown by their host and port alone."""

import pytest

from buildos_box.url_masking import masked_url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://push.example/m/1?key=s3cret#f", "https://push.example/…"),
        ("https://ada:hunter2@push.example:444/x", "https://push.example:444/…"),
        ("tgram://123456:AAtoken/chat", "tgram://123456/…"),
        ("http://[2001:db8::1]:8080/x", "http://[2001:db8::1]:8080/…"),
    ],
)
def test_only_scheme_host_and_port_are_shown(url: str, shown: str) -> None:
    assert masked_url(url) == shown
