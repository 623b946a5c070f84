"""The version of this program: the one place that holds it."""

from pathlib import Path

VERSION = "0.2.0"
COMMIT_FILE = Path(__file__).with_name("commit")
"""Where a build writes the commit that it was made from."""


def commit(file: Path = COMMIT_FILE) -> str | None:
    """The commit that the program was built from; None in a checkout, or if the build had none."""
    try:
        return file.read_text("utf-8").strip() or None
    except FileNotFoundError:
        return None
