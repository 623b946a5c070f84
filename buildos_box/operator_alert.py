"""The change that says that an operator should look at something."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OperatorAlert:
    """`kind` names what is wrong and the part that it is about; `message` is a sentence.

    Whoever announces it sees to it that one fault is not announced again and again.
    """

    kind: str
    message: str
