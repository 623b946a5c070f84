"""Windows over the dashboard: a text to read, a question to answer."""

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static


class Reading(ModalScreen[None]):
    """A text that scrolls; escape closes it."""

    CSS = "Reading { align: center middle; } Reading > VerticalScroll { width: 90%; height: 90%; border: round; background: $surface; }"  # noqa: E501 (one rule)
    BINDINGS = [("escape,q,question_mark", "dismiss", "Back")]

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        """The text, as it is: markup in it means nothing."""
        with VerticalScroll():
            yield Static(Text(self._text), id="reading")


class Question(ModalScreen[bool]):
    """Asks before what can't be undone."""

    CSS = "Question { align: center middle; } Question > Static { width: 50; border: round; padding: 1; background: $surface; }"  # noqa: E501 (one rule)
    BINDINGS = [("y", "answer(True)", "Yes"), ("n,escape", "answer(False)", "No")]

    def __init__(self, question: str) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        """The question and its two keys."""
        yield Static(Text(f"{self._question}\n\ny yes   n no"), id="question")

    def action_answer(self, yes: bool) -> None:
        """Close with the answer."""
        self.dismiss(yes)
