"""What is imported is declared, and what is declared is used."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
NOT_IMPORTED = {
    "tzdata": "zoneinfo reads it where the system has no time zones",
}
"""Declared for the program though it does not import them; and who does."""
COMMANDS = {
    "import-linter", "mypy", "oxlint", "pyinstaller", "pytest-asyncio", "pytest-xdist", "ruff",
    "types-bleach", "types-jsonschema", "types-markdown",
    "radicale", "xandikos",
}  # fmt: skip
"""Declared for development and used as commands, plugins or types."""
NEEDED_BY_OTHERS = {"flask-cors", "obstore", "pyrage"}
"""Declared for tests of remote backups: moto's server, and the extra that the program imports."""
IN_EXTRAS = {"apprise": "buildos_box/chat/apprise_call.py"}
"""Of the extras: the one module that imports them, which is itself imported in a thread alone."""
FOR_TYPES_ONLY = {"_typeshed"}
PEERS = {
    "celery", "dbos", "dramatiq", "procrastinate", "redis", "rq", "saq", "taskiq", "taskiq_redis",
}  # fmt: skip
"""Other queues that the benches compare with, in an environment of their own."""


def named(requirement: str) -> str:
    """The normal form of a requirement's name (PEP 503)."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found is not None, requirement
    return re.sub(r"[-_.]+", "-", found[0]).lower()


RUNTIME = {named(requirement) for requirement in PROJECT["dependencies"]}
OPTIONAL = {
    named(requirement)
    for extra in PROJECT["optional-dependencies"].values()
    for requirement in extra
}


def imported(folder: str) -> Iterator[tuple[str, str]]:
    """Every top-level package of others that a folder's modules import, and where."""
    own = {"buildos_box", "tests", "bench"}
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            else:
                continue
            for name in names:
                top = name.partition(".")[0]
                if top not in sys.stdlib_module_names | own | FOR_TYPES_ONLY | PEERS:
                    yield top, f"{path.relative_to(ROOT)}:{node.lineno}"


DISTRIBUTIONS = packages_distributions()


def distributions(top: str) -> set[str]:
    """The distributions that bring an import package."""
    return {named(name) for name in DISTRIBUTIONS.get(top, [top])}


def test_what_the_program_imports_is_declared() -> None:
    missing = {
        f"{top} ({where})"
        for top, where in imported("buildos_box")
        if not distributions(top) & RUNTIME and IN_EXTRAS.get(top) != where.partition(":")[0]
    }
    assert missing == set()
    assert IN_EXTRAS.keys() <= OPTIONAL


def test_what_tests_and_benches_import_is_declared() -> None:
    missing = {
        f"{top} ({where})"
        for folder in ("tests", "bench")
        for top, where in imported(folder)
        if not distributions(top) & (RUNTIME | OPTIONAL)
    }
    assert missing == set()


def test_what_is_declared_for_the_program_is_imported_by_it() -> None:
    used = set().union(*(distributions(top) for top, _ in imported("buildos_box")))
    assert RUNTIME - used == set(NOT_IMPORTED)


def test_what_is_declared_for_development_is_used() -> None:
    used = set().union(
        *(distributions(top) for folder in ("tests", "bench") for top, _ in imported(folder))
    )
    assert OPTIONAL - used - NEEDED_BY_OTHERS == COMMANDS
