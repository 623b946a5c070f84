"""`s3://bucket/prefix`: where backups go outside this machine."""

import re
from dataclasses import dataclass

SCHEME = "s3://"
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]")


@dataclass(frozen=True, slots=True)
class Place:
    """A bucket, and the folder in it; empty for the bucket itself."""

    bucket: str
    prefix: str

    @classmethod
    def of(cls, url: str) -> "Place":
        """The place of that address. Raises ValueError."""
        bucket, _, prefix = url.removeprefix(SCHEME).partition("/")
        if not url.startswith(SCHEME) or not _BUCKET.fullmatch(bucket):
            raise ValueError(f"{url!r} must be like s3://bucket/folder")
        return cls(bucket, prefix.strip("/"))
