"""Which keys are applied by a reload: every key is in exactly one of two tables."""

import msgspec
import pytest

from buildos_box.settings import EmailSettings, Settings
from buildos_box.settings.keys import all_keys
from buildos_box.settings.live import AT_START, LIVE, changes, is_live, with_live
from buildos_box.settings.model import LogSettings, ServerSettings


@pytest.mark.parametrize("key", all_keys())
def test_a_table_decides_each_key(key: str) -> None:
    assert [name for name in (*LIVE, *AT_START) if key == name or key.startswith(f"{name}.")]


@pytest.mark.parametrize("name", [*LIVE, *AT_START])
def test_each_name_of_the_tables_is_a_key_or_a_section(name: str) -> None:
    assert any(key == name or key.startswith(f"{name}.") for key in all_keys())


def test_no_name_is_in_both_tables() -> None:
    assert set(LIVE) & set(AT_START) == set()


def test_only_live_keys_of_the_new_settings_are_taken() -> None:
    old = Settings()
    new = msgspec.structs.replace(
        old,
        server=ServerSettings(port=1234),
        email=EmailSettings(from_name="New"),
        log=LogSettings(level="DEBUG", format="json"),
    )
    found = changes(old, new)
    assert found.live == ["email.from_name", "log.level"]
    assert found.at_start == ["server.port", "log.format"]
    taken = with_live(old, new)
    assert (taken.server, taken.email) == (old.server, new.email)
    assert (taken.log.level, taken.log.format) == ("DEBUG", "console")
    assert is_live("email.smtp.port")


def test_an_address_that_is_only_written_otherwise_has_not_changed() -> None:
    old = Settings(server=ServerSettings(base_url="https://box.example.org/box"))
    new = Settings(server=ServerSettings(base_url="https://box.example.org/box/"))
    assert changes(old, new) == ([], [])
    assert new.server.base_url == "https://box.example.org/box"
