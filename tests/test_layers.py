"""Which package may import which: the contracts of pyproject.toml hold, and the docs show them."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import grimp
import pytest

ROOT = Path(__file__).parent.parent
SETTINGS: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
CONTRACTS: list[dict[str, Any]] = SETTINGS["tool"]["importlinter"]["contracts"]


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("buildos_box")


def test_the_contracts_hold() -> None:
    """In a process of its own: the linter turns off all loggers that there are."""
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [linter, "--config", ROOT / "pyproject.toml", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_contract_has_an_exception() -> None:
    """An entry needs a reason in a comment, and this test then a look at each."""
    assert [c["name"] for c in CONTRACTS if c.get("ignore_imports")] == []


def test_imports_for_type_checking_count() -> None:
    assert SETTINGS["tool"]["importlinter"]["exclude_type_checking_imports"] is False


def test_the_architecture_page_shows_the_layers() -> None:
    """Its table, from the top down, is the contract's list."""
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    table = page.partition("<!-- layers -->")[2].partition("\n\n")[0]
    cells = re.findall(r"^\|([^|]*)\|[^|]*\|$", table, re.M)[2:]
    shown = [set(re.findall(r"`([a-z_]+)`", cell)) for cell in cells]
    (layers,) = (c["layers"] for c in CONTRACTS if c["type"] == "layers")
    assert shown == [set(re.split(r"\s*[|:]\s*", layer)) for layer in layers]


def test_no_module_imports_a_package_that_it_lies_in(graph: grimp.ImportGraph) -> None:
    """That package's `__init__` would have to be loaded before the module that it may import."""
    wrong = [
        f"{module} imports {found}"
        for module in sorted(graph.modules)
        for found in graph.find_modules_directly_imported_by(module)
        if module.startswith(f"{found}.")
    ]
    assert wrong == []
