"""What the program keeps belongs to its owner alone, whatever the folder and the umask allow."""

import os
import sqlite3
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.served import served_box
from tests.world import open_world


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def readable_by_others(folder: Path) -> list[str]:
    """Every path under the folder that somebody else could open."""
    found = []
    for path in folder.iterdir():
        mode = path.lstat().st_mode
        if mode & 0o077:
            found.append(f"{path.name} {stat.filemode(mode)}")
    return found


@pytest.mark.usefixtures("open_umask")
def test_a_folder_that_everybody_may_read_holds_nothing_that_they_can(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    (data / "outbox").mkdir(mode=0o755)
    with sqlite3.connect(data / "box.sqlite3") as old:
        old.execute("PRAGMA journal_mode=WAL")
    (data / "box.sqlite3").chmod(0o644)
    (data / "notes.txt").write_text("not the program's")
    (data / "notes.txt").chmod(0o644)
    with served_box(tmp_path) as box:
        command = ["curl", "-sf", "-H", f"Authorization: Bearer {box.token}", "--json"]
        document = '{"users": [{"id": "ada", "email": "ada@example.org"}]}'
        subprocess.run([*command, document, f"{box.url}/sync"], check=True, capture_output=True)
        subprocess.run(
            [*command, '{"userId": "ada"}', f"{box.url}/queue/brief"],
            check=True, capture_output=True,
        )  # fmt: skip
        deadline = time.monotonic() + 30
        while not list((data / "outbox").glob("*.eml")) and time.monotonic() < deadline:
            time.sleep(0.05)
        (mail,) = (data / "outbox").glob("*.eml")
        assert readable_by_others(data) == ["notes.txt -rw-r--r--"]
        assert stat.S_IMODE(mail.stat().st_mode) == 0o600
        assert {"box.sqlite3", "box.sqlite3-wal", "address"} <= {p.name for p in data.iterdir()}


@pytest.mark.usefixtures("open_umask")
async def test_the_database_is_private_without_the_command_line_too(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o755)
    async with open_world(tmp_path / "data") as box:
        await box.person()
        for name in ("box.sqlite3", "box.sqlite3-wal"):
            assert stat.S_IMODE((box.folder / name).stat().st_mode) == 0o600
