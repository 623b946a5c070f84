"""The value of an option, read by a function that raises ValueError with a sentence."""

from collections.abc import Callable
from typing import TypeVar

import click

T = TypeVar("T")


def given(option: str, read: Callable[[], T]) -> T:
    """The value of an option. Raises a usage error that names the option if it cannot be parsed."""
    try:
        return read()
    except OverflowError:
        raise click.BadParameter("that day is too far away", param_hint=option) from None
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=option) from None
