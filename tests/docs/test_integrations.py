"""The page of integrations says what is so: its blocks are read and used as a reader would."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jinja2
import pytest
import yaml

from buildos_box.chat.targets import hint_of, target_of
from buildos_box.locales.language import language
from buildos_box.mcp.tools import TOOLS
from buildos_box.settings import EgressSettings, Settings, load_settings
from tests.doubles.web import Web
from tests.world import BoxWorld, open_world

PAGE = Path(__file__).parent.parent.parent / "docs" / "integrations.md"
NODE = shutil.which("node")
BOX = "https://box.example.org"
DAY = "2024-10-23"


def section(anchor: str) -> str:
    return PAGE.read_text("utf-8").split(f'<a id="{anchor}"></a>')[1].split("<a id=")[0]


def blocks(anchor: str, kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", section(anchor), re.M | re.S)


def test_the_configurations_of_assistants_are_json_with_a_server() -> None:
    over_http, by_program = (json.loads(text)["mcpServers"] for text in blocks("mcp", "json"))
    assert over_http["buildos"]["url"] == f"{BOX}/mcp"
    assert over_http["buildos"]["headers"] == {"Authorization": "Bearer bos_…"}
    assert (by_program["buildos"]["command"], by_program["buildos"]["args"]) == (
        "buildos-box",
        ["mcp"],
    )


def test_every_tool_is_named_and_no_other() -> None:
    said = section("mcp").partition("Tools of a person:")[2]
    named = set(re.findall(r"`([a-z_]+)`", said)) - {"user"}
    assert sorted(named) == sorted(TOOLS)


def test_the_chat_services_can_be_pasted(tmp_path: Path) -> None:
    (text,) = blocks("chat", "toml")
    file = tmp_path / "config.toml"
    file.write_text(text, "utf-8")
    services = load_settings(file, {}).settings.chat
    assert list(services) == ["ntfy", "gotify", "telegram", "matrix", "signal"]
    rows = dict(re.findall(r"^\| (\w+) \| `([^`]+)`", section("chat"), re.M))
    for name, service in services.items():
        assert target_of(service, rows[name.title() if name != "ntfy" else name])
        assert hint_of(service, language(default="en-US"))


class Yaml(yaml.SafeLoader):  # type: ignore[misc]
    """As Home Assistant reads its files."""


Yaml.add_constructor("!secret", lambda loader, node: f"secret {loader.construct_scalar(node)}")


def rendered(template: str, **known: Any) -> str:
    """As Home Assistant renders it, but for what is not defined: that is a fault here."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)
    now = datetime.fromisoformat(f"{DAY}T08:00:00+00:00")
    return environment.from_string(template).render(now=lambda: now, **known).strip()


def asked() -> Iterator[tuple[str, dict[str, Any]]]:
    """The address of each resource, and its entry."""
    (configuration,) = [
        read for text in blocks("home-assistant", "yaml")
        if "rest" in (read := yaml.load(text, Yaml))
    ]  # fmt: skip
    for entry in configuration["rest"]:
        yield entry.get("resource") or rendered(entry["resource_template"]), entry


async def test_home_assistant_gets_what_its_sensors_show(box: BoxWorld) -> None:
    await box.person("ada")
    await box.project()
    viewer = await box.token_for("viewer")
    brief = f"/users/ada/briefs/{DAY}"
    shown: dict[str, str] = {}
    unwritten = (await box.call("GET", brief, token=viewer)).json()
    await box.post("/queue/brief", {"userId": "ada"})
    await box.work()
    for address, entry in asked():
        assert entry["headers"] == {"Authorization": "secret buildos_box"}
        parts = urlsplit(address)
        assert f"{parts.scheme}://{parts.netloc}" == BOX
        answer = await box.call("GET", parts.path, token=viewer)
        said = answer.json()
        for sensor in [*entry.get("binary_sensor", []), *entry["sensor"]]:
            shown[sensor["name"]] = rendered(sensor["value_template"], value_json=said)
            assert set(sensor.get("json_attributes", [])) <= set(said)
            if parts.path == brief:
                template = sensor["value_template"]
                assert rendered_leniently(template, unwritten) == "not written yet"
    assert shown["BuildOS jobs waiting"] == "0"
    assert shown["BuildOS jobs failed"] == "0"
    assert shown["Brief of today"] == "Task 0"
    assert shown["BuildOS Box"] in ("True", "False")


def rendered_leniently(template: str, value: Any) -> str:
    return jinja2.Template(template).render(value_json=value)


def test_the_other_blocks_of_home_assistant_are_yaml() -> None:
    secrets, _, card = (yaml.load(text, Yaml) for text in blocks("home-assistant", "yaml"))
    assert secrets == {"buildos_box": "Bearer bos_…"}
    assert (card["type"], "summaryContent" in card["content"]) == ("markdown", True)


HARNESS = """
const given = JSON.parse(require("fs").readFileSync(0, "utf8"));
Date.now = () => given.now * 1000;
const raw = Buffer.from(given.body, "base64");
const work = new Function("require", "$env", "$input", "helpers",
  "return (async function () {" + given.code + "}).call({ helpers });");
work(require, { BUILDOS_WEBHOOK_SECRET: given.secret },
  { first: () => ({ json: { headers: given.headers } }) },
  { getBinaryDataBuffer: async (index, name) => (index === 0 && name === "data" ? raw : null) },
).then((items) => console.log(JSON.stringify({ items })),
       (error) => console.log(JSON.stringify({ error: error.message })));
"""


def in_n8n(**given: Any) -> Any:
    assert NODE is not None
    (code,) = blocks("n8n", "js")
    done = subprocess.run(
        [NODE, "-e", HARNESS], input=json.dumps({"code": code, **given}),
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


@pytest.mark.skipif(NODE is None, reason="there is no node")
async def test_n8n_takes_what_the_box_signed_and_nothing_else(tmp_path: Path) -> None:
    from base64 import b64encode

    settings = Settings(egress=EgressSettings(allow_private=("127.0.0.0/8",)))
    async with open_world(tmp_path, settings=settings) as box:
        await box.person("ada")
        with Web() as n8n:
            wanted = {"url": n8n.url("/webhook/buildos"), "events": ["brief.completed"]}
            secret = (await box.post("/webhook-subscriptions", wanted))["secret"]
            await box.post("/queue/brief", {"userId": "ada"})
            await box.work()
            (request,) = n8n.seen
        now = box.clock.now().timestamp()
    given = {
        "secret": secret,
        "headers": request.headers,
        "body": b64encode(request.body).decode(),
        "now": now,
    }
    (item,) = in_n8n(**given)["items"]
    assert item["json"]["id"] == request.headers["webhook-id"]
    event = item["json"]["event"]
    assert (event["type"], event["userId"]) == ("brief.completed", "ada")
    assert "brief" in event["data"]
    forged = b64encode(request.body.replace(b"ada", b"bob")).decode()
    faults: list[dict[str, Any]] = [
        {"body": forged},
        {"now": now + 301},
        {"secret": "whsec_" + "A" * 32},
        {"headers": {}},
    ]
    for fault in faults:
        assert "not from the box" in in_n8n(**{**given, **fault})["error"], fault
