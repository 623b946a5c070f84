"""The secrets of subscriptions: made, checked, and sealed as they are stored."""

import base64
import secrets

from buildos_box.auth.sealing import CannotUnseal, seal, unseal
from buildos_box.errors import PermanentError, Unprocessable
from buildos_box.webhook_signature import PREFIX, webhook_key

MIN_BYTES, MAX_BYTES = 24, 64


def new_secret() -> str:
    """A random secret of 32 bytes."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode("ascii")


def checked_secret(secret: str) -> str:
    """The secret. Raises Unprocessable unless it is `whsec_` and 24 to 64 bytes in base64."""
    try:
        size = len(webhook_key(secret)) if secret.startswith(PREFIX) else 0
    except ValueError:
        size = 0
    if not MIN_BYTES <= size <= MAX_BYTES:
        raise Unprocessable.field(
            "secret", f"must be whsec_ and {MIN_BYTES} to {MAX_BYTES} bytes in base64"
        )
    return secret


def sealed(key: bytes, subscription_id: str, secret: str) -> str:
    """The secret as it is stored; it can be opened for that subscription only."""
    return seal(key, _place(subscription_id), secret)


def opened(key: bytes, subscription_id: str, text: str) -> str:
    """A stored secret. Raises PermanentError if it was sealed with another `secret.key`."""
    try:
        return unseal(key, _place(subscription_id), text)
    except CannotUnseal:
        raise PermanentError(
            "the stored secret was sealed with another secret.key; subscribe again",
            code="sealed_elsewhere",
        ) from None


def _place(subscription_id: str) -> str:
    return f"webhook_subscriptions.sealed_secret {subscription_id}"
