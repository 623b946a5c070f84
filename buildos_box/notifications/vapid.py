"""The key that identifies this server to push services, and the signature with it (RFC 8292)."""

import base64
import secrets
import textwrap
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from buildos_box.auth.tokens import write_private
from buildos_box.clock import Instant
from buildos_box.settings import Settings
from buildos_box.settings.section import Secret
from buildos_box.settings.vapid_key import private_key

KEY_FILE = "vapid.pem"
VALID_FOR = timedelta(hours=12)
"""RFC 8292 allows 24 hours; half of it tolerates clocks that differ."""
_OTHERS = 0o077
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_BEFORE_NUMBER = bytes.fromhex(
    "3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420"
)


def load_key(folder: Path, configured: Secret | None = None) -> bytes:
    """The private key, PEM: the configured one, else a file's, which is made on first use.

    The file is readable by its owner only. Browsers subscribe to this key; another one would
    invalidate every subscription. Raises OSError, ValueError (a configured key of another form).
    """
    if configured is not None:
        return _pem(private_key(configured.reveal()))
    path = folder / KEY_FILE
    if not path.exists():
        write_private(path, _new_key())
    elif path.stat().st_mode & _OTHERS:
        path.chmod(0o600)
    return path.read_bytes()


def _new_key() -> bytes:
    """A new key: a random number below the order of the curve P-256, in its wrapping (RFC 5958).

    Written here because the library for it would stay in memory, ten megabytes for one number.
    """
    number = secrets.randbelow(_ORDER - 1) + 1
    der = _BEFORE_NUMBER + number.to_bytes(32)
    body = "\n".join(textwrap.wrap(base64.b64encode(der).decode(), 64))
    return f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n".encode()


def _pem(key: Any) -> bytes:
    from cryptography.hazmat.primitives import serialization

    pem: bytes = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return pem


@lru_cache(maxsize=4)
def _signer(pem: bytes) -> Any:
    from cryptography.hazmat.primitives import serialization
    from py_vapid import Vapid02

    # The library's own check refuses addresses with a path; the settings were checked at start.
    return Vapid02(serialization.load_pem_private_key(pem, None), conf={"no-strict": True})


def public_key(pem: bytes) -> str:
    """The public key as `applicationServerKey`: the uncompressed point, base64url."""
    from cryptography.hazmat.primitives import serialization
    from py_vapid.utils import b64urlencode

    point = _signer(pem).public_key.public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    return str(b64urlencode(point))


def subject_of(settings: Settings) -> str:
    """The contact address of the signature: as configured, else the web page or the mail sender.

    Some services refuse an address that cannot be reached (Apple: `BadJwtToken` for localhost).
    """
    if settings.push.vapid_subject:
        return settings.push.vapid_subject
    if settings.server.base_url.startswith("https://"):
        return settings.server.public_url
    return f"mailto:{settings.email.from_address}"


def origin(endpoint: str) -> str:
    """Scheme, host and port of an endpoint: the audience of a signature."""
    parts = urlsplit(endpoint)
    return f"{parts.scheme}://{parts.netloc}"


def authorization(pem: bytes, endpoint: str, subject: str, now: Instant) -> str:
    """The header that identifies the sender, made for each message: `vapid t=…,k=…`."""
    claims = {
        "sub": subject,
        "aud": origin(endpoint),
        "exp": int((now + VALID_FOR).timestamp()),
    }
    return str(_signer(pem).sign(claims)["Authorization"])
