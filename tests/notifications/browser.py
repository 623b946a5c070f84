"""A browser that has subscribed at a push service on loopback, and reads what comes."""

import base64
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import http_ece  # type: ignore[import-untyped]
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from buildos_box.settings.channels import PushSettings
from buildos_box.settings.model import EgressSettings, Settings
from tests.doubles.web import Authority, Request, Web
from tests.world import BoxWorld, open_world


def name_of(item: dict[str, Any], *endpoints: str) -> str:
    """The last part of the endpoint that a shown subscription is at, known by its hash."""
    found = [e for e in endpoints if sha256(e.encode()).hexdigest() == item["endpointSha256"]]
    return found[0].rpartition("/")[2]


def text_of(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


class Browser:
    """Its keys, and what it hands to the page as its subscription."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.auth = os.urandom(16)

    @property
    def point(self) -> bytes:
        return self.key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )

    @property
    def number(self) -> bytes:
        return self.key.private_numbers().private_value.to_bytes(32, "big")

    @property
    def subscription(self) -> dict[str, Any]:
        keys = {"p256dh": text_of(self.point), "auth": text_of(self.auth)}
        return {"endpoint": self.endpoint, "expirationTime": None, "keys": keys}

    def read(self, request: Request) -> dict[str, Any]:
        """What the message says."""
        plain = http_ece.decrypt(
            request.body, private_key=self.key, auth_secret=self.auth, version="aes128gcm"
        )
        said: dict[str, Any] = json.loads(plain)
        return said


async def subscribe(box: BoxWorld, web: Web, *names: str, user: str = "ada") -> list[Browser]:
    """Browsers of that user, each at its own path of the service."""
    browsers = [Browser(web.url(f"/push/{name}", "localhost")) for name in names]
    for browser in browsers:
        await box.post(f"/users/{user}/push-subscriptions", browser.subscription)
    return browsers


async def take_push(box: BoxWorld) -> None:
    """Ada has a browser that takes push messages; nothing may be sent to it."""
    await box.post(
        "/users/ada/push-subscriptions", Browser("https://93.184.216.34/one").subscription
    )


@asynccontextmanager
async def with_push(folder: Path, web: Web) -> AsyncIterator[BoxWorld]:
    """A box that may reach the service on loopback, and one user."""
    assert web.tls is not None
    settings = Settings(
        egress=EgressSettings(allow_private=True, ca_file=str(web.tls.ca_file)),
        push=PushSettings(vapid_subject="mailto:ops@example.org"),
    )
    async with open_world(folder / "data", settings=settings) as box:
        await box.person()
        yield box


def authority(folder: Path) -> Authority:
    return Authority(folder, "localhost")
