"""Prints a software bill of materials: CycloneDX 1.6, JSON.

    python packaging/sbom.py > buildos-box.cdx.json

Run it with the Python of the environment that the program is installed in. It lists the packages
of .ci/locked/whole.txt that are installed there, each with its licence and what it depends on,
and the files of others that the program carries (packaging/vendored.toml). The same environment
gives the same bytes.
"""

import contextlib
import json
import re
import sys
import tomllib
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / ".ci" / "locked" / "whole.txt"
VENDORED = ROOT / "packaging" / "vendored.toml"
PROGRAM = "buildos-box"
SHIPPED = "static/"
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def normalised(name: str) -> str:
    """A package's name as the index compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def installed() -> dict[str, Distribution]:
    """The locked packages that are installed here; those for other systems are not."""
    found: dict[str, Distribution] = {}
    for name in _PINNED.findall(LOCK.read_text("utf-8")):
        with contextlib.suppress(PackageNotFoundError):
            found[normalised(name)] = distribution(name)
    return found


def reference(package: Distribution) -> str:
    """The package URL, which is also how components refer to each other."""
    return f"pkg:pypi/{normalised(package.metadata['Name'])}@{package.version}"


def licences(package: Distribution) -> list[dict[str, Any]]:
    """The licence as the package states it: an SPDX expression, else names."""
    stated = package.metadata
    if expression := stated.get("License-Expression"):
        return [{"expression": expression}]
    classified = [
        line.rpartition(" :: ")[2]
        for line in stated.get_all("Classifier", [])
        if line.startswith("License ::")
    ]
    names = classified or [str(stated.get("License") or "").strip().partition("\n")[0]]
    return [{"license": {"name": name}} for name in names if name]


def component(package: Distribution) -> dict[str, Any]:
    """One installed package."""
    purl = reference(package)
    return {
        "type": "library",
        "bom-ref": purl,
        "name": package.metadata["Name"],
        "version": package.version,
        "purl": purl,
        "licenses": licences(package),
    }


def vendored() -> list[dict[str, Any]]:
    """The files of others that the program carries."""
    files = tomllib.loads(VENDORED.read_text("utf-8"))["file"]
    return [
        {
            "type": "library",
            "bom-ref": file["purl"],
            "name": file["name"],
            "version": file["version"],
            "purl": file["purl"],
            "licenses": [{"license": {"id": file["license"]}}],
            "hashes": [{"alg": "SHA-256", "content": file["sha256"]}],
        }
        for file in files
        if file["path"].startswith(SHIPPED)
    ]


def depends_on(package: Distribution, packages: dict[str, Distribution]) -> list[str]:
    """What it needs without extras and is installed."""
    found = set()
    for requirement in package.requires or []:
        name = _NAME.match(requirement)
        if name and "extra ==" not in requirement and normalised(name[0]) in packages:
            found.add(reference(packages[normalised(name[0])]))
    return sorted(found)


def bill() -> dict[str, Any]:
    """The document."""
    packages, program, carried = installed(), distribution(PROGRAM), vendored()
    everything = [program, *packages.values()]
    uses = {reference(each): depends_on(each, packages) for each in everything}
    uses[reference(program)] += [each["bom-ref"] for each in carried]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": component(program) | {"type": "application"}},
        "components": [*map(component, packages.values()), *carried],
        "dependencies": [{"ref": ref, "dependsOn": on} for ref, on in uses.items()],
    }


if __name__ == "__main__":
    json.dump(bill(), sys.stdout, indent=1)
    print()
