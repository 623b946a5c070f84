"""Where SQL stands, and which tables it touches: a package's tables are read and written by it."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.world import BoxWorld

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "buildos_box"
OTHER_MODULES_WITH_SQL = {
    "jobs/transitions.py": "every change of a job's state, each with its audit row",
    "jobs/claim_order.py": "the claim: what waits, read as far as lanes and shares let it",
    "jobs/claims.py": "the claim: many rows in one transaction, as no single statement could",
    "jobs/external_effects.py": "intents and outcomes, in one commit with what they are about",
}
READS_OF_OTHERS = {
    "api/operator_store.py": "one page over mail, SMS, push and inbox, or of users with what five "
    "packages know of each: joined, filtered and cut in one statement, as no owner could do alone",
    "notifications/due_store.py": "tasks due within each reader's own lead time: a join of tasks "
    "with preferences that an index serves every quarter of an hour",
}
"""Statements that read, and never write, tables of other packages; and why they do."""
STATEMENT = re.compile(
    r"\s*(SELECT\b.*\bFROM\b|INSERT\b.*\bINTO\b|UPDATE\b.*\bSET\b|DELETE\s+FROM\b)", re.S
)
TABLE = re.compile(r"\b(?:FROM|JOIN|INTO|UPDATE)\s+\"?(\w+)")
WRITTEN = re.compile(r"\b(?:INTO|UPDATE|DELETE\s+FROM)\s+\"?(\w+)")


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


def others_tables(pattern: re.Pattern[str]) -> dict[str, list[str]]:
    """By module: the tables of other packages that its SQL touches."""
    owner = owners()
    found: dict[str, set[str]] = defaultdict(set)
    for path, _, text in strings():
        module, package = path.relative_to(PACKAGE).as_posix(), package_of(path)
        for table in pattern.findall(text):
            if owner.get(table, package) != package:
                found[module].add(f"{table} of {owner[table]}")
    return {module: sorted(tables) for module, tables in found.items()}


def test_only_its_owner_writes_to_a_table() -> None:
    assert others_tables(WRITTEN) == {}


def test_only_its_owner_reads_a_table_but_for_named_exceptions_that_are_each_used() -> None:
    found = others_tables(TABLE)
    assert found.keys() == READS_OF_OTHERS.keys(), found
