"""`python -m buildos_box.locales`: catalogues follow the texts of the code."""

import shutil
from pathlib import Path

import pytest

from buildos_box.locales.__main__ import CATALOGUES, main, path_of, read
from buildos_box.locales.catalogue_check import is_partial
from buildos_box.locales.tags import LANGUAGES, SOURCE

OTHERS = [tag for tag in LANGUAGES if tag != SOURCE]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the catalogues."""
    for tag in OTHERS:
        (tmp_path / tag).mkdir()
        shutil.copy(path_of(tag), path_of(tag, tmp_path))
    return tmp_path


def texts_of(folder: Path) -> dict[str, str]:
    return {tag: path_of(tag, folder).read_text("utf-8") for tag in OTHERS}


def test_what_is_up_to_date_stays_as_it_is(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([], folder) == 0
    assert texts_of(folder) == texts_of(CATALOGUES)
    assert capsys.readouterr().out == ""


def test_a_check_tells_the_faults_and_writes_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = path_of("de", folder)
    path.write_text(path.read_text("utf-8") + '\nmsgid "gone"\nmsgstr "weg"\n', "utf-8")
    before = texts_of(folder)
    assert main(["--check"], folder) == 1
    assert capsys.readouterr().out == "de: 'gone' is not a text of the code\n"
    assert texts_of(folder) == before


def test_what_is_left_over_goes_and_what_is_missing_comes(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = path_of("de", folder)
    path.write_text(path.read_text("utf-8") + '\nmsgid "gone"\nmsgstr "weg"\n', "utf-8")
    shutil.rmtree(folder / "fr")
    assert main([], folder) == 1
    assert path.read_text("utf-8") == path_of("de").read_text("utf-8")
    said = capsys.readouterr().out.splitlines()
    assert {line.partition(":")[0] for line in said} == {"fr"}
    assert "fr: 'Drafting phases' is not translated" in said
    made = read("fr", folder)
    assert len(said) == len([message for message in made if message.id])
    assert not made.fuzzy


def test_a_partial_catalogue_is_never_filled(folder: Path) -> None:
    (partial,) = [tag for tag in OTHERS if is_partial(tag)]
    path_of(partial, folder).write_text('msgid ""\nmsgstr ""\n', "utf-8")
    assert main([], folder) == 0
    assert path_of(partial, folder).read_text("utf-8") == 'msgid ""\nmsgstr ""\n'
