"""Where SQL stands, and which tables it touches: a package's tables are read and written by it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.world import BoxWorld

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "buildos_box"
OTHER_MODULES_WITH_SQL = {
    "jobs/ledger.py": "every change of a job's state, each with its audit row",
    "jobs/claims.py": "the claim: one transaction that the ledger's own statements cannot express",
    "jobs/effects.py": "intents and outcomes, committed in the same breath as what they are about",
}
STATEMENT = re.compile(
    r"\s*(SELECT\b.*\bFROM\b|INSERT\b.*\bINTO\b|UPDATE\b.*\bSET\b|DELETE\s+FROM\b)", re.S
)
TABLE = re.compile(r"\b(?:FROM|JOIN|INTO|UPDATE)\s+\"?(\w+)")


def package_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def strings() -> Iterator[tuple[Path, int, str]]:
    """Every string of the program that is no docstring."""
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        docs = {
            id(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        }
        for node in ast.walk(tree):
            if not isinstance(node, ast.Constant) or id(node) in docs:
                continue
            if isinstance(node.value, str):
                yield path, node.lineno, node.value


def is_store(path: Path) -> bool:
    return path.name.endswith("store.py") or "store" in path.parts or package_of(path) == "db"


def test_sql_stands_in_store_modules() -> None:
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path, _, text in strings()
        if STATEMENT.match(text) and not is_store(path)
    }
    assert found == set(OTHER_MODULES_WITH_SQL)


def owners() -> dict[str, str]:
    """Of each table, by docs/architecture.md."""
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    section = page.partition("<!-- tables -->")[2].partition("\n\n")[0]
    found = {}
    for package, tables in re.findall(r"^\| `(\w+)` \| (.*) \|$", section, re.M):
        for table in re.findall(r"`(\w+)`", tables):
            assert table not in found, f"{table} has two owners"
            found[table] = package
    return found


async def test_every_table_has_one_owner(box: BoxWorld) -> None:
    rows = await box.db.all(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    )
    assert sorted(owners()) == sorted(row["name"] for row in rows)
