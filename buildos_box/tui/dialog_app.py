"""The dashboard's dialogs: messages, questions, choices."""

from collections.abc import Callable, Sequence
from typing import Any

from textual.app import App

from buildos_box.tui.dialogs import Choice, Question
from buildos_box.tui.formatting import plain


class TalkingApp(App[None]):
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
