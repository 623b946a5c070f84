"""The pages name every limit with its default."""

import re
from pathlib import Path

import pytest

from buildos_box.settings.keys import keys_of
from buildos_box.settings.limits import LimitsSettings
from buildos_box.settings.show import toml_value

ROOT = Path(__file__).parent.parent.parent
LIMITS = list(keys_of(LimitsSettings))


def rows() -> dict[str, str]:
    """Each key of the table with the default beside it."""
    section = (ROOT / "docs" / "security.md").read_text("utf-8").partition("## Limits\n")[2]
    found = {}
    for keys, defaults in re.findall(r"^\| [^|]+ \| ([^|]+) \| ([^|]+) \|$", section, re.M):
        names = re.findall(r"`(\w+)`", keys)
        values = defaults.split(", ") if len(defaults.split(", ")) == len(names) else None
        for number, name in enumerate(names):
            found[name] = values[number].strip() if values else defaults.strip()
    return found


@pytest.mark.parametrize("key", LIMITS, ids=lambda key: key.name)
def test_the_table_of_limits_is_whole_and_right(key: object) -> None:
    name, default = key.name, key.default  # type: ignore[attr-defined]
    shown = rows()[name]
    assert shown.startswith("unset") if default is None else shown == toml_value(default)


def test_the_example_configuration_has_every_limit() -> None:
    text = (ROOT / "config.example.toml").read_text("utf-8")
    section = text.partition("[limits]\n")[2]
    assert [key.name for key in LIMITS if f" {key.name} = " not in section] == []


def test_what_a_user_can_cost_is_told_with_the_defaults() -> None:
    limits = LimitsSettings()
    for page in ("README.md", "docs/operating.md"):
        text = (ROOT / page).read_text("utf-8")
        for number in (
            limits.briefs_per_day, limits.mails_per_day, limits.sms_per_day,
            limits.codes_per_user_day, limits.jobs_per_day, limits.max_bytes_per_user // 2**20,
        ):  # fmt: skip
            assert re.search(rf"\b{number}\b", text), (page, number)
        assert "200,000" in text
        segments = 2 * limits.sms_per_day + limits.codes_per_user_day
        assert f"{segments} segments" in text
