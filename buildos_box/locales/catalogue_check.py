"""What is wrong with a catalogue: texts that are missing or left over, and other placeholders."""

from collections.abc import Iterator
from string import Formatter
from typing import TYPE_CHECKING

from buildos_box.locales.tags import SOURCE

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog, Message


def is_partial(tag: str) -> bool:
    """Whether the catalogue holds only what differs from the source."""
    return tag.partition("-")[0] == SOURCE.partition("-")[0]


def faults_of(tag: str, texts: "Catalog", catalogue: "Catalog") -> Iterator[str]:
    """Each fault as a sentence; `texts` are those of the code."""
    for text in texts:
        if not text.id:
            continue
        name = text.id if isinstance(text.id, str) else text.id[0]
        own = catalogue.get(text.id)
        said = _forms(own) if own is not None else []
        if own is None or own.fuzzy or not all(said):
            if not is_partial(tag):
                yield f"{name!r} is not translated"
            continue
        if not isinstance(text.id, str) and len(said) != catalogue.num_plurals:
            yield f"{name!r} has {len(said)} forms, not {catalogue.num_plurals}"
        for form in said:
            yield from _wrong_places(text.id, name, form)
    for message in catalogue:
        if message.id and texts.get(message.id) is None:
            yield f"{message.id!r} is not a text of the code"


def _forms(message: "Message") -> list[str]:
    if isinstance(message.string, str):
        return [message.string]
    return list(message.string or [""])


def _wrong_places(text: object, name: str, form: str) -> Iterator[str]:
    """A form may have the places of either English one, and leave the number out."""
    english = (text,) if isinstance(text, str) else tuple(text)  # type: ignore[arg-type]
    wanted = [places(str(one)) for one in english]
    optional = {"count"} if len(english) > 1 else set()
    found = places(form)
    if not any(one - optional <= found <= one | optional for one in wanted):
        yield f"{name!r} has the placeholders {sorted(found)}, not {sorted(wanted[-1])}"


def places(text: str) -> set[str]:
    """The names of a text's placeholders."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}
