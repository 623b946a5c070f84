"""Signs for terminals that can't show all of them."""

from pathlib import Path

import pytest
from rich.cells import cell_len

from buildos_box.tui.glyphs import as_ascii, glyphs_for
from tests.realtime.streams import served
from tests.tui.dashboard import dashboard, queue_brief


@pytest.mark.parametrize(
    ("term", "encoding", "signs"),
    [
        ("xterm-256color", "UTF-8", "braille"),
        ("xterm-256color", "utf8", "braille"),
        ("xterm-256color", "ISO-8859-1", "ascii"),
        ("xterm", "ANSI_X3.4-1968", "ascii"),
        ("linux", "UTF-8", "blocks"),
        ("vt220", "UTF-8", "blocks"),
        ("dumb", "UTF-8", "ascii"),
        ("", "UTF-8", "ascii"),
    ],
)
def test_the_signs_fit_the_terminal(term: str, encoding: str, signs: str) -> None:
    chosen, why = glyphs_for({"TERM": term}, encoding)
    assert chosen == signs
    assert why


@pytest.mark.parametrize(
    "text", ["✓ done", "▶ ████░░ 75 %", "Zoë 日本", "┌─┐│└┘", "plain", "⏎", "🔎 x"]
)
def test_ascii_takes_as_many_cells(text: str) -> None:
    found = as_ascii(text)
    assert found.isascii()
    assert cell_len(found) == cell_len(text)


async def test_every_screen_is_ascii_where_that_is_all_there_is(tmp_path: Path) -> None:
    async with served(tmp_path / "data") as live:
        await queue_brief(live.world)
        await live.world.work()
        async with dashboard(live, signs="ascii") as dash:
            for key, word in {
                "1": "lanes", "2": "+ done", "3": "backup", "4": "+ sent", "5": "Ada",
                "6": "Nothing to clean", "7": "done in all", "8": "what",
            }.items():  # fmt: skip
                await dash.press(key)
                await dash.sees(word, f">{key} ")
                assert dash.screen().isascii(), dash.screen()
