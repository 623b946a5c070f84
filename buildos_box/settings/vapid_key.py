"""VAPID keys as web-push libraries write them: base64url, 32 bytes private, 65 bytes public."""

import base64
import binascii
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

NUMBER_BYTES = 32


def private_key(text: str) -> "EllipticCurvePrivateKey":
    """The P-256 key with that private number. Raises ValueError."""
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.derive_private_key(int.from_bytes(_number(text)), ec.SECP256R1())


def public_text(key: "EllipticCurvePrivateKey") -> str:
    """The public key of that key: the uncompressed point, base64url without padding."""
    from cryptography.hazmat.primitives import serialization

    point = key.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    return base64.urlsafe_b64encode(point).rstrip(b"=").decode()


def _number(text: str) -> bytes:
    bare = text.strip().rstrip("=")
    try:
        number = base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("is not base64url") from None
    if len(number) != NUMBER_BYTES:
        raise ValueError(f"must be {NUMBER_BYTES} bytes, but has {len(number)}")
    return number
