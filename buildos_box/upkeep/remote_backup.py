"""Backups in an S3-compatible store, encrypted for a key that the server does not have.

The rules: docs/spec.md#backup-remote.
"""

import hashlib
import importlib
import os
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from buildos_box.errors import BoxError
from buildos_box.settings.backup_place import Place
from buildos_box.settings.model import BackupSettings
from buildos_box.upkeep.backup import PREFIX, SUFFIX

T = TypeVar("T")
ENCRYPTED = ".age"
PART_BYTES = 8 * 1024 * 1024
TIMEOUT_SECONDS = 60
RETRY_SECONDS = 120
RETRIES = 5
LONGEST_REASON = 300
_SAID = re.compile(r"<Code>(.*?)</Code>\s*<Message>(.*?)</Message>", re.S)
_NO_AUTHORITIES = "No CA certificates were loaded"
"""In the library's error on a system without certificates."""
NOT_INSTALLED = (
    "needs packages that are not installed: pip install 'buildos-box[s3]' "
    "(the container image and the one executable hold them)"
)


class RemoteFailed(BoxError):
    """The store refused, is out of reach, or gave back something else than it was given."""

    code = "remote_backup_failed"


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A backup in the store: its URL, and the size and hash of its encrypted bytes."""

    url: str
    bytes: int
    sha256: str


class RemoteBackups:
    """The backups in one place of one store. All methods block and raise RemoteFailed."""

    def __init__(self, place: Place, settings: BackupSettings) -> None:
        s3 = settings.s3
        secret = s3.secret_access_key.reveal() if s3.secret_access_key else None
        self._place = place
        self._secret = secret
        self._obstore = _module("obstore")
        options: dict[str, Any] = {
            "region": s3.region,
            "endpoint": s3.endpoint or None,
            "access_key_id": s3.access_key_id or None,
            "secret_access_key": secret,
            "prefix": place.prefix or None,
        }
        _ensure_certificate_authorities()
        self._store = self._asked(
            _module("obstore.store").S3Store,
            place.bucket,
            **{name: value for name, value in options.items() if value is not None},
            # Of stores other than Amazon's, all know buckets in the path; few as a host name.
            virtual_hosted_style_request=not s3.endpoint,
            client_options={
                "allow_http": s3.endpoint.startswith("http://"),
                "timeout": f"{TIMEOUT_SECONDS}s",
            },
            retry_config={
                "max_retries": RETRIES,
                "retry_timeout": timedelta(seconds=RETRY_SECONDS),
            },
        )

    def upload(self, backup: Path, recipient: str) -> Uploaded:
        """Encrypt a backup, upload it, read it back and compare."""
        pyrage = _module("pyrage")
        name = backup.name + ENCRYPTED
        with tempfile.TemporaryDirectory(prefix=".box-upload-", dir=backup.parent) as folder:
            encrypted = Path(folder) / name
            pyrage.encrypt_file(
                str(backup), str(encrypted), [pyrage.x25519.Recipient.from_str(recipient)]
            )
            with encrypted.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            self._asked(
                self._obstore.put, self._store, name, encrypted,
                use_multipart=True, chunk_size=PART_BYTES,
            )  # fmt: skip
            size = encrypted.stat().st_size
        if self._asked(self._digest, name) != digest:
            self._asked(self._obstore.delete, self._store, name)
            raise RemoteFailed(f"{self.url_of(name)} is not what was uploaded; it was deleted")
        return Uploaded(self.url_of(name), size, digest)

    def _digest(self, name: str) -> str:
        found = hashlib.sha256()
        for part in self._obstore.get(self._store, name).stream(min_chunk_size=PART_BYTES):
            found.update(part)
        return found.hexdigest()

    def names(self) -> list[str]:
        """The backups in this place, newest first."""
        listed = self._asked(
            lambda: [one["path"] for page in self._obstore.list(self._store) for one in page]
        )
        ours = (name for name in listed if name.startswith(PREFIX))
        return sorted((name for name in ours if name.endswith(SUFFIX + ENCRYPTED)), reverse=True)

    def forget_old(self, keep: int) -> list[str]:
        """Delete all but the newest `keep`; returns the deleted ones."""
        gone = self.names()[keep:]
        for name in gone:
            self._asked(self._obstore.delete, self._store, name)
        return gone

    def download(self, name: str | None, identity: str, folder: Path) -> Path:
        """The decrypted backup in that folder; the newest one if no name is given.

        `identity` is the private key, `AGE-SECRET-KEY-1…`.
        """
        pyrage = _module("pyrage")
        known = self.names()
        chosen = name or (known[0] if known else None)
        if chosen is None or chosen not in known:
            there = f"; there are {', '.join(known[:5])}" if known else ", nor any other"
            raise RemoteFailed(f"there is no backup {chosen or ''} in {self.url_of('')}{there}")
        encrypted, plain = folder / chosen, folder / chosen.removesuffix(ENCRYPTED)
        self._asked(self._fetch, chosen, encrypted)
        try:
            key = pyrage.x25519.Identity.from_str(identity.strip())
            with encrypted.open("rb") as source, _private(plain) as target:
                pyrage.decrypt_io(source, target, [key])
        except (pyrage.DecryptError, pyrage.IdentityError) as error:
            raise RemoteFailed(f"{chosen} cannot be decrypted with that key: {error}") from None
        encrypted.unlink()
        return plain

    def _fetch(self, name: str, target: Path) -> None:
        with _private(target) as file:
            for part in self._obstore.get(self._store, name).stream(min_chunk_size=PART_BYTES):
                file.write(part)

    def url_of(self, name: str) -> str:
        """The `s3://` address of a backup in this place."""
        return f"s3://{'/'.join(filter(None, (self._place.bucket, self._place.prefix, name)))}"

    def _asked(self, call: Callable[..., T], *args: Any, **options: Any) -> T:
        """What the store answers. Raises RemoteFailed in one line without a secret."""
        try:
            return call(*args, **options)
        except (_module("obstore.exceptions").BaseError, FileNotFoundError, OSError) as error:
            said = _reason(str(error))
            if self._secret:
                said = said.replace(self._secret, "********")
            raise RemoteFailed(f"{self.url_of('')}: {said}") from None


def _reason(text: str) -> str:
    """The store's own code and sentence if it gave them, else the start of the error, in a line."""
    said = _SAID.search(text)
    found = f"{said[1]}: {said[2]}" if said else text.partition("Debug source")[0]
    return " ".join(found.split())[:LONGEST_REASON]


def _ensure_certificate_authorities() -> None:
    """On a system without any, trust those that everything else here goes by.

    The library looks for the system's even where it will need none.
    """
    try:
        _module("obstore.store").S3Store("any", region="any")
    except _module("obstore.exceptions").BaseError as error:
        if _NO_AUTHORITIES not in str(error):
            return
        from requests.utils import DEFAULT_CA_BUNDLE_PATH

        os.environ.setdefault("SSL_CERT_FILE", DEFAULT_CA_BUNDLE_PATH)


def _private(path: Path) -> Any:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _module(name: str) -> Any:
    """A package of the extra `s3`, imported when it is needed. Raises RemoteFailed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise RemoteFailed(f"a backup in a store {NOT_INSTALLED}") from None


def new_identity() -> tuple[str, str]:
    """A new key: the private one, which decrypts, and the public one, which encrypts.

    Raises RemoteFailed without the extra that encrypts.
    """
    identity = _module("pyrage").x25519.Identity.generate()
    return str(identity), str(identity.to_public())
