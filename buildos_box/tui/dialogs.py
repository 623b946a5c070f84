"""Dialogs: a text to read, a question, a choice."""

from collections.abc import Callable, Sequence
from typing import Any

from rich.text import Text
from textual import on
from textual.app import App, ComposeResult
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from buildos_box.tui.formatting import plain


class Reading(ModalScreen[None]):
    """A text that scrolls; escape closes it."""

    CSS = "Reading { align: center middle; } Reading > VerticalScroll { width: 100%; height: 100%; border: round; background: $surface; }"  # noqa: E501 (one rule)
    BINDINGS = [("escape,q,question_mark", "dismiss", "Back")]

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        """The text, without interpreting markup."""
        with VerticalScroll():
            yield Static(Text(self._text), id="reading")


class Question(ModalScreen[bool]):
    """Asks before an action that cannot be undone."""

    CSS = "Question { align: center middle; } Question > Static { width: 60; height: auto; border: round; padding: 1; background: $surface; }"  # noqa: E501 (one rule)
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


class Choice(ModalScreen[str | None]):
    """A choice of one item; escape chooses none."""

    CSS = "Choice { align: center middle; } Choice > OptionList { width: 60; height: auto; max-height: 80%; border: round; background: $surface; }"  # noqa: E501 (one rule)
    BINDINGS = [("escape,q", "dismiss", "Back"), ("j", "down", "Down"), ("k", "up", "Up")]

    def __init__(self, title: str, choices: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._title = title
        self._choices = choices

    def compose(self) -> ComposeResult:
        """The choices by name."""
        options = [Option(Text(label), id=f"c{n}") for n, (_, label) in enumerate(self._choices)]
        found = OptionList(*options, id="choices")
        found.border_title = self._title
        yield found

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._choices[event.option_index][0])

    def action_down(self) -> None:
        """To the next."""
        self.query_one(OptionList).action_cursor_down()

    def action_up(self) -> None:
        """To the one before."""
        self.query_one(OptionList).action_cursor_up()


class DialogApp(App[None]):
    """An app with the dialogs of `dialogs`."""

    def say(self, sentence: str, *, wrong: bool = False) -> None:
        """Show a short message."""
        self.notify(plain(sentence), severity="error" if wrong else "information", markup=False)

    def say_report(self, report: dict[str, Any]) -> None:
        """Show the result of an action on jobs."""
        refused = [plain(item["reason"]) for item in report["refused"]]
        said = f"{report['action']}: {report['done']} of {report['matched']}"
        self.say("; ".join([said, *refused[:3]]), wrong=bool(refused))

    def ask(self, question: str, then: Callable[[], object]) -> None:
        """Run an action if the viewer confirms."""

        def answered(yes: bool | None) -> None:
            if yes:
                then()

        self.push_screen(Question(question), answered)

    def choose(
        self, title: str, choices: Sequence[tuple[str, str]], then: Callable[[str], object]
    ) -> None:
        """Let the viewer choose one item, and act on it."""

        def chosen(name: str | None) -> None:
            if name is not None:
                then(name)

        self.push_screen(Choice(title, choices), chosen)
