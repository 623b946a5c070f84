"""Secrets that must be read again, such as a calendar's password: encrypted at rest.

AES-256-GCM under a key derived from the server's `secret.key`, so that the database alone, an
export or a query reveals nothing. Database and key together reveal the secret.
"""

import base64
import secrets
from functools import lru_cache
from typing import Any

_VERSION = b"\x01"
_NONCE_BYTES = 12


class CannotUnseal(Exception):
    """It was sealed with another key, for another place, or was changed."""


def seal(key: bytes, place: str, text: str) -> str:
    """`text`, encrypted; it can be decrypted only for the same `place`."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    sealed = _cipher(key).encrypt(nonce, text.encode(), place.encode())
    return base64.b64encode(_VERSION + nonce + sealed).decode("ascii")


def unseal(key: bytes, place: str, sealed: str) -> str:
    """The decrypted text. Raises CannotUnseal."""
    # Imported only where such secrets exist.
    from cryptography.exceptions import InvalidTag

    try:
        raw = base64.b64decode(sealed, validate=True)
        if raw[:1] != _VERSION:
            raise CannotUnseal
        nonce, body = raw[1 : 1 + _NONCE_BYTES], raw[1 + _NONCE_BYTES :]
        return str(_cipher(key).decrypt(nonce, body, place.encode()).decode())
    except (ValueError, InvalidTag) as error:
        raise CannotUnseal from error


@lru_cache(maxsize=4)
def _cipher(key: bytes) -> Any:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    derived = HKDF(hashes.SHA256(), 32, salt=None, info=b"buildos-box sealed secrets").derive(key)
    return AESGCM(derived)
