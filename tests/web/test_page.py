"""The page's files and its content security policy (docs/spec.md#page-security)."""

import re
from pathlib import Path

import pytest

from buildos_box.app import static_folder
from tests.world import BoxWorld

PAGE = {"X-Box-Page": "1"}
FOLDER = static_folder() / "app"
FILES = sorted(path.name for path in FOLDER.iterdir())


async def test_the_page_and_the_ways_to_it(box: BoxWorld) -> None:
    page = await box.api.get("/app/")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    for path in ("/", "/app"):
        answer = await box.api.get(path)
        assert (answer.status_code, answer.headers["location"]) == (302, "app/")
    assert (await box.api.get("/app/no.js")).status_code == 404
    assert (await box.api.get("/app/..%2f..%2fpyproject.toml")).status_code == 404


async def test_who_is_signed_in_reads_their_language_and_others_the_browsers(box: BoxWorld) -> None:
    await box.person("ada")
    await box.call("PATCH", "/users/ada", {"locale": "de-CH"})
    french = {**PAGE, "Accept-Language": "fr"}
    guest = await box.api.get("/app/texts.json", headers=french)
    assert guest.json()["tag"] == "fr"
    assert guest.headers["cache-control"] == "no-store"
    assert guest.headers["vary"] == "Accept-Language, Cookie"
    assert guest.headers["content-type"].startswith("application/json")
    signed = await box.api.post(
        "/app/session", json={"token": await box.token_for("user:ada")}, headers=PAGE
    )
    assert signed.json()["texts"] == "de"
    cookie = signed.headers["set-cookie"].partition(";")[0]
    own = await box.api.get("/app/texts.json", headers={**french, "Cookie": cookie})
    assert own.json()["tag"] == "de"
    assert own.json()["texts"]["Settings"] == "Einstellungen"


@pytest.mark.parametrize("name", FILES)
async def test_every_file_is_served_as_what_it_is(box: BoxWorld, name: str) -> None:
    answer = await box.api.get(f"/app/{name}")
    assert (answer.status_code, answer.content) == (200, (FOLDER / name).read_bytes())
    kinds = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml", "png": "image/png"}
    kind = kinds.get(name.rpartition(".")[2])
    assert kind is None or answer.headers["content-type"].startswith(kind)
    assert answer.headers["x-content-type-options"] == "nosniff"
    again = await box.api.get(f"/app/{name}", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_the_policy_lets_in_nothing_inline_and_nothing_foreign(box: BoxWorld) -> None:
    policy = (await box.api.get("/app/")).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize("name", [name for name in FILES if not name.endswith(".png")])
def test_no_file_names_another_host_or_makes_markup_of_text(name: str) -> None:
    text = (FOLDER / name).read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
    assert re.findall(r"(?<![\w:/])(?:https?:)?//[a-z0-9-]+\.[a-z]{2,}", text) == []
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(",
                 "localStorage", "sessionStorage", "indexedDB", "document.cookie"):  # fmt: skip
        assert word not in text, word


def test_the_markup_holds_no_script_and_no_style() -> None:
    page = (FOLDER / "index.html").read_text("utf-8")
    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
    assert re.findall(r"\son\w+=|\sstyle=|<style", page) == []


def test_every_module_that_is_imported_is_there() -> None:
    for path in Path(FOLDER).glob("*.js"):
        for name in re.findall(r'from "\./([^"]+)"', path.read_text("utf-8")):
            assert (FOLDER / name).is_file(), f"{path.name} imports {name}"
