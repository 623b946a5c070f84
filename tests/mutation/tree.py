"""A copy of the checkout, in which files are changed and tests run."""

import importlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
WHOLE_RUN_SECONDS = 1800.0
_THIRD_PARTY = """
import sys, buildos_box.app, tests.world
print(*(name for name, module in sorted(sys.modules.items())
        if "site-packages" in (getattr(module, "__file__", None) or "")))
"""


class Tree:
    """The copy, in a folder of its own; this process never imports what is in it."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "tree"
        self.scratch = folder / "scratch"
        self.said = folder / "said"
        listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
        for name in filter(None, names.split("\0")):
            if (ROOT / name).is_file():
                (self.root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.root / name)

    def load_third_party(self) -> None:
        """Import what the box needs from others once, so that each run finds it there."""
        command = [sys.executable, "-c", _THIRD_PARTY]
        said = subprocess.run(command, cwd=self.root, check=True, capture_output=True, text=True)
        for name in said.stdout.split():
            with suppress(ImportError):
                importlib.import_module(name)

    def put(self, path: str, text: str) -> None:
        """Write a file of the copy, so that no older compiled form of it is used."""
        (self.root / path).write_text(text, "utf-8")
        for compiled in (self.root / path).parent.glob(f"__pycache__/{Path(path).stem}.*"):
            compiled.unlink()

    def run(self, tests: Sequence[str], make_plugin: "type[object]", *given: object) -> int | None:
        """Run those tests in a fork of this process, to the first failure.

        `make_plugin(*given)` watches it. Returns pytest's exit code, None if the process was ended.
        """
        child = os.fork()
        if child == 0:
            code = 3
            try:
                code = self._run_here(tests, make_plugin, given)
            finally:
                os._exit(code)
        until = time.monotonic() + WHOLE_RUN_SECONDS
        while (ended := os.waitpid(child, os.WNOHANG))[0] == 0:
            if time.monotonic() > until:
                os.kill(child, signal.SIGKILL)
            time.sleep(0.02)
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        shutil.rmtree(self.scratch, ignore_errors=True)
        return os.WEXITSTATUS(ended[1]) if os.WIFEXITED(ended[1]) else None

    def _run_here(
        self, tests: Sequence[str], make_plugin: "type[object]", given: Sequence[object]
    ) -> int:
        os.setsid()
        said = os.open(self.said, os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
        os.dup2(said, 1)
        os.dup2(said, 2)
        os.chdir(self.root)
        os.environ["PYTHONPATH"] = str(self.root)
        sys.path.insert(0, str(self.root))
        for name in [name for name in sys.modules if name.partition(".")[0] == "tests"]:
            del sys.modules[name]
        options = ["-q", "-p", "no:cacheprovider", "-p", "no:faulthandler", "-n", "0"]
        scratch = ["--basetemp", str(self.scratch)]
        return pytest.main([*options, *scratch, *tests], plugins=[make_plugin(*given)])
