"""What is installed and shipped is known by version and hash."""

import hashlib
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
LOCKED = sorted((ROOT / ".ci" / "locked").glob("*.txt"))
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)")
INSTALLERS = ("Dockerfile", "packaging/build.sh", ".ci/run", ".ci/audit")


def entries(path: Path) -> dict[str, tuple[str, list[str]]]:
    """Each package's version and hashes, by name."""
    joined = path.read_text("utf-8").replace("\\\n", " ")
    lines = [line for line in joined.splitlines() if line and not line.lstrip().startswith("#")]
    found = {}
    for line in lines:
        match = PINNED.match(line)
        assert match is not None, line
        found[match[1]] = (match[2], re.findall(r"--hash=sha256:([0-9a-f]{64})(?= |$)", line))
    return found


def versions() -> dict[str, str]:
    """The constraints of the README's commands."""
    lines = (ROOT / ".ci" / "lock.txt").read_text("utf-8").split()
    return dict(line.split("==") for line in lines)


@pytest.mark.parametrize("path", LOCKED, ids=lambda path: path.stem)
def test_every_locked_package_has_a_version_and_hashes(path: Path) -> None:
    found = entries(path)
    assert found
    assert [name for name, (_, hashes) in found.items() if not hashes] == []


def test_the_constraints_and_the_locks_name_the_same_versions() -> None:
    named = versions()
    for path in LOCKED:
        if path.stem == "audit":
            continue
        for name, (version, _) in entries(path).items():
            if name not in ("pip", "setuptools"):
                assert named.get(name) == version, f"{name} in {path.name}; run .ci/relock"


def test_every_dependency_of_the_project_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = {
        "runtime": project["dependencies"],
        "dev": [*project["dependencies"], *extras["dev"]],
        "whole": [*project["dependencies"], *extras["chat"], *extras["s3"]],
        "packaging": [*project["dependencies"], *extras["packaging"]],
    }
    for name, requirements in wanted.items():
        found = entries(ROOT / ".ci" / "locked" / f"{name}.txt")
        names = {re.split(r"[<>=!~\[; ]", requirement)[0].lower() for requirement in requirements}
        assert names <= found.keys(), f"run .ci/relock for {name}"


def test_the_build_backend_is_pinned_to_its_locked_version() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["build-system"]
    (requirement,) = build["requires"]
    name, _, version = requirement.partition("==")
    assert entries(ROOT / ".ci" / "locked" / "build.txt")[name][0] == version


@pytest.mark.parametrize("name", INSTALLERS)
def test_what_builds_and_checks_installs_by_hash_or_without_the_index(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    installs = [
        line
        for line in re.findall(r"pip[\"']?\)?,? ?[\"']?(?:install|wheel)[^\n&]*", text)
        if "upgrade" not in line
    ]
    assert installs
    loose = [
        line for line in installs if "--require-hashes" not in line and "--no-deps" not in line
    ]
    assert loose == []


def vendored() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads(
        (ROOT / "packaging" / "vendored.toml").read_text("utf-8")
    )["file"]
    return found


@pytest.mark.parametrize("file", vendored(), ids=lambda file: file["name"])
def test_a_vendored_file_is_the_published_one(file: dict[str, Any]) -> None:
    content = (ROOT / file["path"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == file["sha256"]
    assert file["version"].encode() in content[:200]
    assert file["purl"].endswith(f"/{file['name']}@{file['version']}")


def test_no_script_of_others_is_there_without_a_record() -> None:
    recorded = {file["path"] for file in vendored()}
    files = subprocess.run(
        ["git", "ls-files", "*.min.js", "*-min.js"], cwd=ROOT, capture_output=True, text=True
    ).stdout.split()
    assert set(files) <= recorded


def test_the_bill_of_materials_lists_what_is_installed_and_carried() -> None:
    script = ROOT / "packaging" / "sbom.py"
    made = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    bill = json.loads(made.stdout)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    components = {each["bom-ref"]: each for each in bill["components"]}
    names = {each["name"].lower() for each in components.values()}
    assert {"apprise", "litestar", "msgspec", "obstore", "rapidoc", "twilio"} <= names
    assert not {"pytest", "ruff", "axe-core", "pyinstaller"} & names
    rapidoc = components["pkg:npm/rapidoc@9.3.8"]
    assert rapidoc["hashes"][0]["content"] == vendored()[0]["sha256"]
    program = bill["metadata"]["component"]["bom-ref"]
    uses = {each["ref"]: each["dependsOn"] for each in bill["dependencies"]}
    assert "pkg:npm/rapidoc@9.3.8" in uses[program]
    assert any(ref.startswith("pkg:pypi/litestar@") for ref in uses[program])
    assert {ref for on in uses.values() for ref in on} <= components.keys()
    again = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert again.stdout == made.stdout
