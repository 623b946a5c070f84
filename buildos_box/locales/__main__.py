"""`python -m buildos_box.locales`: brings every catalogue up to date with the texts of the code.

With `--check` nothing is written: what is missing, wrong or left over is told, and the exit code is
1. How a language is added: docs/translating.md.
"""

import sys
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from buildos_box.locales.catalogue_check import faults_of, is_partial
from buildos_box.locales.catalogue_files import PAGE_PREFIX
from buildos_box.locales.tags import LANGUAGES, SOURCE

CATALOGUES = Path(__file__).parent
ROOT = CATALOGUES.parent
KEYWORDS = {"N_": None, "Plural": (1, 2)}
PAGE = ROOT.parent / "static" / "app"
PAGE_KEYWORDS = {"t": None, "plural": (2, 3)}
WIDTH = 100


def template() -> Catalog:
    """Every marked text of the code, with where it stands."""
    found = Catalog(fuzzy=False)
    texts = extract_from_dir(
        ROOT, [("**.py", "python")], keywords=KEYWORDS, comment_tags=("Translators:",),
        strip_comment_tags=True,
    )  # fmt: skip
    for path, _line, message, comments, context in sorted(texts, key=lambda one: one[:2]):
        found.add(message, None, [(path, 0)], auto_comments=comments, context=context)
    of_page = extract_from_dir(PAGE, [("**.js", "javascript")], keywords=PAGE_KEYWORDS)
    for path, _line, message, _comments, _context in sorted(of_page, key=lambda one: one[:2]):
        found.add(message, None, [(f"{PAGE_PREFIX}{path}", 0)])
    return found


def path_of(tag: str, folder: Path = CATALOGUES) -> Path:
    """The catalogue of a language."""
    return folder / tag / "messages.po"


def read(tag: str, folder: Path = CATALOGUES) -> Catalog:
    """The catalogue as it is written; an empty one of a language that has none yet."""
    locale, path = tag.replace("-", "_"), path_of(tag, folder)
    if not path.exists():
        return Catalog(locale=locale, fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=locale)


def updated(catalogue: Catalog, texts: Catalog) -> bytes:
    """The catalogue with every text of the code, and no other."""
    catalogue.update(texts, no_fuzzy_matching=True, update_creation_date=False)
    catalogue.obsolete.clear()
    written = BytesIO()
    write_po(
        written,
        catalogue,
        width=WIDTH,
        omit_header=False,
        include_lineno=False,
        ignore_obsolete=True,
    )
    return written.getvalue()


def main(arguments: list[str], folder: Path = CATALOGUES) -> int:
    """The exit code; `folder` is where the catalogues are."""
    texts, faults = template(), []
    for tag in LANGUAGES:
        if tag == SOURCE:
            continue
        if "--check" not in arguments and not is_partial(tag):
            path_of(tag, folder).parent.mkdir(exist_ok=True)
            path_of(tag, folder).write_bytes(updated(read(tag, folder), texts))
        faults += [f"{tag}: {fault}" for fault in faults_of(tag, texts, read(tag, folder))]
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
