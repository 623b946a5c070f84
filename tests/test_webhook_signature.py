"""Standard Webhooks: its own example, and what a secret may be."""

import pytest

from buildos_box.webhook_signature import standard_headers, webhook_key

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_signature_is_that_of_the_specifications_example() -> None:
    body = b'{"test": 2432232314}'
    assert standard_headers(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body) == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@pytest.mark.parametrize(
    ("secret", "key"),
    [("whsec_aGVsbG8=", b"hello"), ("hello", b"hello"), ("é", "é".encode()), ("whsec_", b"")],
)
def test_a_key_is_decoded_after_its_prefix_or_taken_as_it_is(secret: str, key: bytes) -> None:
    assert webhook_key(secret) == key


@pytest.mark.parametrize("secret", ["whsec_hello", "whsec_aGVs bG8=", "whsec_aGVsbG8"])
def test_what_is_no_base64_after_the_prefix_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="must be base64 after whsec_"):
        webhook_key(secret)
