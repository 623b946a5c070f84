"""A file that a command cannot read or write: which it is and what is wrong, in one sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from buildos_box.cli.error_output import Failed


@contextmanager
def reading(name: str | Path) -> Iterator[None]:
    """Raises Failed if the file of that name cannot be read, or has other bytes than UTF-8."""
    try:
        yield
    except OSError as error:
        raise Failed(f"cannot read {name}: {reason(error)}", code="unreadable") from None
    except UnicodeDecodeError:
        raise Failed(f"cannot read {name}: it is not UTF-8 text", code="unreadable") from None


@contextmanager
def writing(name: str | Path) -> Iterator[None]:
    """Raises Failed if the file or folder of that name cannot be written."""
    try:
        yield
    except OSError as error:
        raise Failed(f"cannot write {name}: {reason(error)}", code="unwritable") from None


def reason(error: OSError) -> str:
    """What the operating system says, without its number and the file."""
    return error.strerror or str(error)


def sentence(error: OSError) -> str:
    """What the operating system says, and of which file; or the program's own sentence."""
    if error.strerror is None or error.filename is None:
        return reason(error)
    return f"cannot use {error.filename}: {error.strerror}"


def next_line(file: IO[str]) -> str:
    """The next line of an open file, without its end. Raises Failed."""
    with reading(_name(file)):
        return file.readline().rstrip("\r\n")


def whole_text(file: IO[str]) -> str:
    """Everything in an open file. Raises Failed."""
    with reading(_name(file)):
        return file.read()


def _name(file: IO[str]) -> str:
    return "standard input" if file.name == "<stdin>" else file.name
