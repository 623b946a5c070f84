"""What is secret in a URL of the configuration is never shown."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from buildos_box.cli.main import main
from buildos_box.settings.masking import masked_url

SECRETS = ("hunter2", "s3cret")
CONFIG = """
[server]
base_url = "https://ada:hunter2@box.example/?key=s3cret"
[email]
transport = "webhook"
[email.webhook]
url = "http://ada:hunter2@127.0.0.1:9/hook?key=s3cret"
secret = "s3cret"
[sms]
account_sid = "AC1"
auth_token = "token"
api_base_url = "http://ada:hunter2@127.0.0.1:9/?key=s3cret"
[[llm.providers]]
name = "own"
base_url = "http://ada:hunter2@127.0.0.1:9/v1?key=s3cret"
model = "m"
"""


@pytest.mark.parametrize("command", [["config", "show"], ["doctor"], ["doctor", "--json"]])
def test_no_command_shows_them(tmp_path: Path, command: list[str]) -> None:
    config = tmp_path / "config.toml"
    config.write_text(CONFIG + f'[data]\ndir = "{tmp_path}/data"\n', "utf-8")
    done = CliRunner().invoke(main, command, env={"BUILDOS_BOX_CONFIG": str(config)})
    assert "127.0.0.1" in done.output, done.output
    assert not [secret for secret in SECRETS if secret in done.output]


def test_a_fault_of_the_configuration_does_not_show_them(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[server]\nbase_url = "https://ada:hunter2@/?key=s3cret"\n', "utf-8")
    done = CliRunner().invoke(main, ["config", "check"], env={"BUILDOS_BOX_CONFIG": str(config)})
    assert done.exit_code == 2
    assert not [secret for secret in SECRETS if secret in done.output]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a.example/x", "https://a.example/x"),
        ("https://u:p@a.example:8/x?k=v#f", "https://********@a.example:8/x?********"),
        ("mailto:ops@example.org", "mailto:ops@example.org"),
        ("", ""),
        ("https://[", "********"),
    ],
)
def test_what_is_masked(url: str, shown: str) -> None:
    assert masked_url(url) == shown
