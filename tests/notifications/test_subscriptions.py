"""Browsers subscribe; no endpoint is a private address (docs/spec.md#push-subscriptions)."""

import stat
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from buildos_box.egress import Egress
from buildos_box.notifications.vapid import KEY_FILE, load_key, public_key, subject_of
from buildos_box.settings.channels import EmailSettings, PushSettings
from buildos_box.settings.model import EgressSettings, ServerSettings, Settings
from tests.notifications.browser import Browser, name_of, text_of
from tests.world import BoxWorld, open_world

PATH = "/users/ada/push-subscriptions"
PUBLIC = "https://push.example.org/m/1"


async def _resolve(host: str, _port: int) -> list[str]:
    """No look-up leaves the machine."""
    known = {
        "push.example.org": ["1.1.1.1"],
        "two.example.org": ["1.1.1.1", "10.0.0.7"],
        "inside.example.org": ["169.254.169.254"],
    }
    if host.replace(".", "").isdigit():
        return [host]
    return known.get(host, [])


@pytest.fixture
async def box(tmp_path: Path) -> AsyncIterator[BoxWorld]:
    egress = Egress(EgressSettings(), resolve=_resolve)
    async with open_world(tmp_path / "data", egress=egress) as world:
        await world.person()
        yield world


async def test_a_browser_subscribes_is_listed_and_leaves(box: BoxWorld) -> None:
    browser = Browser(PUBLIC)
    first = await box.post(PATH, browser.subscription)
    again = await box.post(PATH, browser.subscription)
    assert first == again
    assert (first["endpoint"], first["active"], first["lastSentAt"]) == (
        "https://push.example.org/…",
        True,
        None,
    )
    assert first["endpointSha256"] == sha256(PUBLIC.encode()).hexdigest()
    assert (await box.get(PATH))["items"] == [first]
    assert (await box.call("DELETE", f"{PATH}/{first['id']}")).status_code == 204
    assert (await box.call("DELETE", f"{PATH}/{first['id']}")).status_code == 404
    assert (await box.get(PATH))["items"] == []


async def test_a_browser_stays_its_owners_until_they_give_it_up(box: BoxWorld) -> None:
    await box.person("bob")
    browser, bobs = Browser(PUBLIC), "/users/bob/push-subscriptions"
    first = await box.post(PATH, browser.subscription)
    for token in (await box.token_for("user:bob"), box.token):
        refused = await box.call("POST", bobs, browser.subscription, token=token)
        assert (refused.status_code, refused.json()["code"]) == (409, "subscribed_by_another")
    assert (await box.get(PATH))["items"] == [first]
    assert (await box.get(bobs))["items"] == []
    await box.call("DELETE", f"{PATH}/{first['id']}")
    await box.post(bobs, browser.subscription)
    assert len((await box.get(bobs))["items"]) == 1


async def test_only_so_many_are_kept_and_the_oldest_go_first(box: BoxWorld) -> None:
    endpoints = [f"https://push.example.org/m/{n}" for n in range(12)]
    for endpoint in endpoints:
        await box.post(PATH, Browser(endpoint).subscription)
    kept = [name_of(item, *endpoints) for item in (await box.get(PATH))["items"]]
    assert kept == [str(n) for n in range(11, 1, -1)]


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://push.example.org/m",
        "https://push.example.org:444/m",
        "https://push.example.org@evil.test/",
        "https://user:pass@push.example.org/m",
        "https://127.0.0.1/m",
        "https://127.0.0.1:1/push.example.org/",
        "https://10.0.0.7/m",
        "https://inside.example.org/latest/meta-data",
        "https://two.example.org/m",
        "https://push.example.org.evil.test/m",
        "https://push.example.org\\@evil.test/",
        "https:///m",
        "https://push.example.org/" + "m" * 3000,
        "ftp://push.example.org/m",
        "javascript:alert(1)",
        "",
    ],
)
async def test_an_endpoint_that_is_no_public_https_address_is_refused(
    box: BoxWorld, endpoint: str
) -> None:
    answer = await box.call("POST", PATH, Browser(endpoint).subscription)
    assert answer.status_code == 422, answer.text
    assert [detail["field"] for detail in answer.json()["details"]] == ["endpoint"]
    assert (await box.get(PATH))["items"] == []


@pytest.mark.parametrize(
    ("keys", "field"),
    [
        ({"p256dh": "AAAA"}, "keys.p256dh"),
        ({"p256dh": text_of(b"\x04" + bytes(64))}, "keys.p256dh"),
        ({"p256dh": text_of(b"\x05" + bytes(64))}, "keys.p256dh"),
        ({"p256dh": "!" * 88}, "keys.p256dh"),
        ({"auth": text_of(bytes(15))}, "keys.auth"),
        ({"auth": ""}, "keys.auth"),
    ],
)
async def test_keys_that_nothing_can_be_encrypted_with_are_refused(
    box: BoxWorld, keys: dict[str, str], field: str
) -> None:
    given = Browser(PUBLIC).subscription
    given["keys"] |= keys
    answer = await box.call("POST", PATH, given)
    assert answer.status_code == 422, answer.text
    assert [detail["field"] for detail in answer.json()["details"]] == [field]


async def test_a_users_token_reaches_its_own_browsers_alone(box: BoxWorld) -> None:
    await box.person("bob")
    mine = await box.post(PATH, Browser(PUBLIC).subscription)
    bob = await box.token_for("user:bob")
    for method, path, body in (
        ("GET", PATH, None),
        ("POST", PATH, Browser(PUBLIC).subscription),
        ("DELETE", f"{PATH}/{mine['id']}", None),
        ("DELETE", f"/users/bob/push-subscriptions/{mine['id']}", None),
    ):
        assert (await box.call(method, path, body, token=bob)).status_code == 404
    assert (await box.get(PATH))["items"] == [mine]
    own = Browser("https://push.example.org/m/bob").subscription
    await box.post("/users/bob/push-subscriptions", own, token=bob)


async def test_nobody_subscribes_for_a_user_who_is_not_there(box: BoxWorld) -> None:
    answer = await box.call(
        "POST", "/users/nobody/push-subscriptions", Browser(PUBLIC).subscription
    )
    assert answer.status_code == 404


async def test_the_key_is_made_once_kept_private_and_told_to_browsers(tmp_path: Path) -> None:
    file, told = tmp_path / "data" / KEY_FILE, []
    for _ in range(2):
        async with open_world(tmp_path / "data") as box:
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            told.append((await box.get("/push/vapid-key"))["publicKey"])
        file.chmod(0o644)
    assert told[0] == told[1] == public_key(file.read_bytes())
    assert len(told[0]) == 87


def test_a_new_key_is_a_private_key_of_p256_for_every_library(tmp_path: Path) -> None:
    first, second = (load_key(tmp_path / name) for name in (".", "."))
    assert first == second
    key = serialization.load_pem_private_key(first, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert isinstance(key.curve, ec.SECP256R1)
    (tmp_path / KEY_FILE).unlink()
    assert load_key(tmp_path) != first


@pytest.mark.parametrize(
    ("settings", "subject"),
    [
        ({"push": PushSettings(vapid_subject="https://me.example/contact")}, None),
        ({"server": ServerSettings(base_url="https://box.example/")}, "https://box.example"),
        ({"server": ServerSettings(base_url="http://box.lan")}, "mailto:briefs@localhost"),
        ({"email": EmailSettings(from_address="b@example.org")}, "mailto:b@example.org"),
    ],
)
def test_whom_a_service_may_write_to(settings: dict[str, Any], subject: str | None) -> None:
    assert subject_of(Settings(**settings)) == (subject or "https://me.example/contact")
