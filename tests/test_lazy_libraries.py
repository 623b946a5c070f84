"""Libraries that a server never uses are neither found nor loaded while it starts.

In a process of its own, since the tests' own has loaded them.
"""

import subprocess
import sys

import pytest


def said_by(program: str) -> str:
    lines = ["import sys", "from buildos_box.lazy_libraries import left_out", program]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("library", ["rich", "pygments"])
def test_what_is_never_used_seems_not_to_be_installed_until_the_end_of_the_block(
    library: str,
) -> None:
    program = f"""
with left_out():
    try:
        import {library}
        print("found")
    except ImportError:
        print("not found")
import {library}
print("found later")
"""
    assert said_by(program).split("\n") == ["not found", "found later"]


def test_what_was_loaded_before_stays() -> None:
    program = """
import rich
with left_out():
    import rich as again
    print(again is rich)
print(sys.modules["rich"] is rich)
"""
    assert said_by(program).split() == ["True", "True"]


def test_a_failure_inside_hides_nothing_for_ever() -> None:
    program = """
try:
    with left_out():
        raise KeyError
except KeyError:
    import rich
    print("found")
"""
    assert said_by(program) == "found"


def test_what_may_be_used_is_loaded_when_it_is() -> None:
    program = """
with left_out():
    import pdb
print(hasattr(pdb, "__file__"), type(sys.modules["pdb"]).__name__)
print(hasattr(pdb, "Pdb"), hasattr(pdb, "__nothing__"))
import pdb as again
print(again is pdb, again.Pdb is pdb.Pdb, hasattr(again, "set_trace"))
"""
    assert said_by(program).split() == [
        *("False", "_AtFirstUse"),
        *("True", "False"),
        *("False", "True", "True"),
    ]


@pytest.mark.parametrize("program", ["import httpx._models", "from httpx import _models"])
def test_a_part_of_what_is_not_loaded_yet_can_be_imported(program: str) -> None:
    said = said_by(f"""
with left_out():
    import httpx
{program}
print(type(sys.modules["httpx"]).__name__, httpx.Response is sys.modules["httpx"].Response)
print("Response" in vars(httpx))
""")
    assert said.split() == ["module", "True", "True"]
