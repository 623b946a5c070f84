"""A command that fails says so in one way: words for people, one JSON object with `--json`."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from buildos_box.cli import exit_codes
from buildos_box.cli.main import main
from tests.cli.served import Cli


def test_a_refusal_has_the_shape_of_the_api(ada: Cli) -> None:
    told = ada.fails("task", "add", "x" * 1001, "-p", "home", "--json", code=exit_codes.FAILED)
    error = json.loads(told)
    assert error["code"] == "invalid"
    assert [detail["field"] for detail in error["details"]] == ["title"]
    assert error["correlationId"].startswith("corr-")


@pytest.mark.parametrize(
    ("args", "code", "exit_code"),
    [
        (("job", "lst"), "usage", exit_codes.USAGE),
        (("task", "list", "--status", "odd"), "usage", exit_codes.USAGE),
        (("user", "show", "nobody"), "failed", exit_codes.FAILED),
        (("job", "show", "job-none"), "not_found", exit_codes.FAILED),
        (("user", "list", "--url", "http://127.0.0.1:1"), "unreachable", exit_codes.UNREACHABLE),
        (("user", "list", "--token", "wrong"), "unauthorized", exit_codes.DENIED),
        (("user", "list", "--url", "htp//x"), "usage", exit_codes.USAGE),
        (("queue", "cleanup"), "aborted", exit_codes.FAILED),
    ],
)
def test_each_failure_is_json_with_its_code(
    ada: Cli, args: tuple[str, ...], code: str, exit_code: int
) -> None:
    error = json.loads(ada.fails(*args, "--json", code=exit_code).splitlines()[-1])
    assert error["code"] == code
    assert error["error"]


def test_every_fault_of_the_configuration_is_a_detail(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[server]\nport = "many"\nprot = 1\n', "utf-8")
    result = CliRunner().invoke(main, ["config", "show", "--config", str(config), "--json"])
    assert result.exit_code == exit_codes.USAGE
    details = json.loads(result.stderr)["details"]
    assert [detail["field"] for detail in details] == ["server.port", "server.prot"]
    assert details[0]["where"] == "config.toml:2"


@pytest.mark.parametrize("url", ["htp//x", "localhost:8787", "http://127.0.0.1:99999", "http://"])
def test_an_address_with_a_typing_error_is_named(url: str) -> None:
    result = CliRunner().invoke(main, ["user", "list", "--url", url])
    assert result.exit_code == exit_codes.USAGE
    assert f"{url!r} is not an address like http://127.0.0.1:8787" in result.stderr
