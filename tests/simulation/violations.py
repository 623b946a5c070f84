"""What the judges say: a promise that was not kept."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Broken:
    """A promise that was not kept."""

    promise: str
    at: datetime
    says: str

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.promise}: {self.says}"
