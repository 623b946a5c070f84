"""What the README says of configuration is so."""

import re
from pathlib import Path

import pytest

from buildos_box.settings import load_settings

README = Path(__file__).parents[2] / "README.md"
EXAMPLES = re.findall(r"```toml\n(.*?)```", README.read_text("utf-8"), re.DOTALL)


def test_the_readme_has_an_example() -> None:
    assert EXAMPLES


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_of_the_readme_are_valid(example: str, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(example, "utf-8")

    load_settings(file, {"BUILDOS_BOX_EMAIL__SMTP__PASSWORD": "x"})
