"""The input of filters, which completes words and values."""

from collections.abc import Callable, Mapping, Sequence

from textual.binding import Binding
from textual.suggester import Suggester
from textual.widgets import Input

Words = Mapping[str, Sequence[str]]


class _Completer(Suggester):
    def __init__(self, words: Callable[[], Words]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._words = words

    async def get_suggestion(self, value: str) -> str | None:
        """The text with its last word completed."""
        return completed(value, self._words())


def completed(text: str, words: Words) -> str | None:
    """The filter with its last word, or that word's last value, completed; None if nothing fits."""
    last = text.rsplit(" ", 1)[-1]
    bare = last.removeprefix("-")
    if not bare:
        return None
    key, colon, rest = bare.partition(":")
    if not colon:
        fits = [f"{name}:" for name in words if name.startswith(bare)]
        return text + fits[0][len(bare) :] if fits else None
    value = rest.rsplit(",", 1)[-1]
    fits = [name for name in words.get(key, ()) if name.startswith(value) and name != value]
    return text + fits[0][len(value) :] if value and fits else None


class FilterInput(Input):
    """One line; `words` are the filter words with their known values."""

    BINDINGS = [Binding("tab", "complete", "Complete", show=False)]

    def __init__(self, *, placeholder: str, id: str) -> None:  # noqa: A002 (Textual's name)
        super().__init__(placeholder=placeholder, id=id, compact=True)
        self.words: Words = {}
        self.suggester = _Completer(lambda: self.words)

    def action_complete(self) -> None:
        """Accept the suggestion."""
        found = completed(self.value, self.words)
        if found is not None:
            self.value = found
            self.cursor_position = len(found)
