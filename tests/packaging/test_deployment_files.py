"""Units and manifests of packaging/: by what reads them where it is here, else by structure."""

import configparser
import re
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from buildos_box.settings import Settings, load_settings

PACKAGING = Path(__file__).parent.parent.parent / "packaging"
DEPLOYING = PACKAGING.parent / "docs" / "deploying.md"
UNIT = PACKAGING / "systemd" / "buildos-box.service"


def uncommented(text: str) -> str:
    """With every setting that is shown as a comment in force."""
    head, services, rest = text.partition("\nservices:\n")
    return head + services + re.sub(r"^( *)# ([A-Za-z_]+:( .*)?|  +.*)$", r"\1\2", rest, flags=re.M)


def compose(text: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze on this machine")
    program = tmp_path / "buildos-box"
    program.write_text("#!/bin/sh\n", "utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    unit = tmp_path / "buildos-box.service"
    text = UNIT.read_text("utf-8").replace("/usr/local/bin/buildos-box", str(program))
    unit.write_text(text, "utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_page_writes_the_configuration_that_the_unit_reads() -> None:
    unit, page = UNIT.read_text("utf-8"), DEPLOYING.read_text("utf-8")
    found = re.search(r"^Environment=BUILDOS_BOX_CONFIG=(\S+)$", unit, re.M)
    assert found is not None
    written = re.search(rf"^printf '(.*)' > {found[1]}$", page, re.M)
    assert written is not None
    assert "StateDirectory=buildos-box\n" in unit
    assert 'dir = "/var/lib/buildos-box"' in written[1]


def test_compose_asks_for_no_name_and_publishes_the_proxy_alone() -> None:
    text = (PACKAGING / "compose.yaml").read_text("utf-8")
    assert ":?" not in text  # every later call would need the variable too
    services = compose(text)["services"]
    assert "ports" not in services["box"]
    assert services["box"]["read_only"] is True
    assert services["caddy"]["depends_on"]["box"]["condition"] == "service_healthy"


def test_the_box_of_compose_trusts_the_proxys_network() -> None:
    found = compose((PACKAGING / "compose.yaml").read_text("utf-8"))
    environment = found["services"]["box"]["environment"]
    (network,) = found["networks"]["inner"]["ipam"]["config"]
    assert environment["BUILDOS_BOX_SERVER__TRUSTED_PROXIES"] == network["subnet"]


def test_the_secret_that_compose_shows_is_whole_when_uncommented() -> None:
    found = compose(uncommented((PACKAGING / "compose.yaml").read_text("utf-8")))
    box = found["services"]["box"]
    assert box["secrets"] == ["smtp"]
    assert found["secrets"]["smtp"]["file"] == "./smtp-password"
    assert box["environment"]["BUILDOS_BOX_EMAIL__SMTP__PASSWORD_FILE"] == "/run/secrets/smtp"


def test_every_variable_of_compose_and_kubernetes_is_a_setting(tmp_path: Path) -> None:
    text = uncommented((PACKAGING / "compose.yaml").read_text("utf-8"))
    given = dict(compose(text)["services"]["box"]["environment"])
    *_, deployment, _service = manifests()
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    given |= {each["name"]: each["value"] for each in container["env"]}
    for name, value in given.items():
        given[name] = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)
    password = tmp_path / "smtp"
    password.write_text("secret", "utf-8")
    given["BUILDOS_BOX_EMAIL__SMTP__PASSWORD_FILE"] = str(password)
    empty = tmp_path / "config.toml"
    empty.write_text("", "utf-8")
    assert load_settings(empty, given).settings.email.transport == "smtp"


def manifests() -> list[dict[str, Any]]:
    text = (PACKAGING / "kubernetes.yaml").read_text("utf-8")
    return list(yaml.safe_load_all(text))


def test_kubernetes_never_runs_two_at_once() -> None:
    claim, deployment, service = manifests()
    assert claim["spec"]["accessModes"] == ["ReadWriteOncePod"]
    assert deployment["spec"]["replicas"] == 1
    assert deployment["spec"]["strategy"] == {"type": "Recreate"}
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert deployment["spec"]["selector"]["matchLabels"] == labels == service["spec"]["selector"]


def test_kubernetes_runs_it_without_rights_and_asks_its_health() -> None:
    pod = manifests()[1]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["readinessProbe"]["httpGet"]["path"] == "/health"
    (mount,) = container["volumeMounts"]
    (volume,) = pod["volumes"]
    assert (mount["mountPath"], mount["name"]) == ("/data", volume["name"])


def test_the_units_of_podman_name_each_other_and_publish_to_this_machine() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(PACKAGING / "podman" / "buildos-box.container", "utf-8")
    container = unit["Container"]
    assert container["PublishPort"].startswith("127.0.0.1:")
    assert (PACKAGING / "podman" / container["Volume"].partition(":")[0]).is_file()
    assert container["ReadOnly"] == "true"
    seconds = int(container["PodmanArgs"].removeprefix("--stop-timeout="))
    assert Settings().queue.drain_timeout_seconds < seconds
    assert seconds < int(unit["Service"]["TimeoutStopSec"])


def test_the_image_says_how_it_is_stopped_and_asked() -> None:
    text = (PACKAGING.parent / "Dockerfile").read_text("utf-8")
    assert "\nSTOPSIGNAL SIGTERM\n" in text
    assert 'CMD ["buildos-box", "health"]' in text
