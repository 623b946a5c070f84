"""docs/job-types.md, done word by word: the job works, and what a change must pass passes."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.docs.test_docs import DOCS, ROOT, blocks
from tests.faults.box_process import BoxProcess

PAGE = DOCS / "job-types.md"
CHECKS = {
    "lint": ["ruff", "check", "--no-cache", "."],
    "format": ["ruff", "format", "--no-cache", "--check", "."],
    "types": ["mypy"],
    "contracts, registry, routes, repeated requests": [
        "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "tests/test_layers.py",
        "tests/test_registry.py", "tests/api/test_route_table.py", "tests/auth/test_idempotency.py",
        "tests/docs/test_docs.py", "-m", "not slow",
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This checkout with the guide followed."""
    root = tmp_path_factory.mktemp("guide")
    files = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, check=True, text=True,
    ).stdout.split("\0")  # fmt: skip
    for name in filter(None, files):
        if (ROOT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, root / name)
    if (known := ROOT / ".mypy_cache").is_dir():
        # Then only what the guide changes is checked anew.
        shutil.copytree(known, root / known.name)
    for block in blocks(PAGE, "python"):
        file = root / block.splitlines()[0].removeprefix("# ")
        file.parent.mkdir(exist_ok=True)
        file.write_text(block.partition("\n")[2], "utf-8")
    for change in blocks(PAGE, "diff"):
        apply(change, root)
    subprocess.run([sys.executable, ".ci/layers"], cwd=root, check=True)
    return root


def apply(change: str, root: Path) -> None:
    """Put each `+` line behind the line above it, or in place of it where that is a `-`."""
    first, *lines = change.splitlines()
    file = root / first.removeprefix("--- ")
    text = file.read_text("utf-8")
    above, removed = "", False
    for line in lines:
        sign, content = line[0], f"{line[1:]}\n"
        if sign == "+":
            text = text.replace(above, content if removed else above + content)
        else:
            assert text.count(content) == 1, content
        above, removed = content, sign == "-"
    file.write_text(text, "utf-8")


def environment(root: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(root), "NO_PROXY": "127.0.0.1"}


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS)
def test_what_a_change_must_pass_passes(checkout: Path, check: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *CHECKS[check]],
        cwd=checkout,
        env=environment(checkout),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_the_new_job_works(checkout: Path, tmp_path: Path) -> None:
    with ChangedServer(tmp_path, code=checkout) as process:
        process.post("/sync", {"users": [{"id": "ada", "name": "Ada"}]})
        job_id = process.post("/queue/greeting", {"userId": "ada"})["jobId"]
        deadline = time.monotonic() + 20
        while (job := process.get(f"/jobs/{job_id}"))["status"] != "completed":
            assert time.monotonic() < deadline, job
            time.sleep(0.05)
        assert (job["job_type"], job["result"]) == ("greet", {"greeting": "Hello, Ada!"})


class ChangedServer(BoxProcess):
    """A server of other source than this checkout's."""

    def __init__(self, folder: Path, *, code: Path) -> None:
        super().__init__(folder)
        self._code = code

    def environment(self) -> dict[str, str]:
        return {**super().environment(), "PYTHONPATH": str(self._code), "PYTHONSAFEPATH": "1"}
