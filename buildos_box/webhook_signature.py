"""Signatures of webhooks as Standard Webhooks defines them (docs/spec.md#webhook-signature)."""

import base64
import binascii
import hashlib
import hmac

PREFIX = "whsec_"


def webhook_key(secret: str) -> bytes:
    """The key of a secret: what follows `whsec_`, decoded from base64, or else its characters.

    Raises ValueError if the part after `whsec_` is not base64.
    """
    if not secret.startswith(PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("must be base64 after whsec_") from None


def standard_headers(secret: str, message_id: str, at: int, body: bytes) -> dict[str, str]:
    """The headers `webhook-id`, `webhook-timestamp` and `webhook-signature`.

    `at` is the time of this attempt in Unix seconds. Raises ValueError for an unusable secret.
    """
    signed = f"{message_id}.{at}.".encode() + body
    digest = hmac.new(webhook_key(secret), signed, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": "v1," + base64.b64encode(digest).decode("ascii"),
    }
