"""Codes, keys and the page's cookie, all made from the server's one key."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from litestar import Response

from buildos_box.auth.codes import code_of, is_code
from buildos_box.auth.session_cookie import SessionCookie
from buildos_box.auth.tokens import load_key, make_token, token_id_in, write_private
from buildos_box.ids import Ids

KEY = bytes(32)


def test_a_code_is_of_its_key_and_its_name_and_has_six_digits() -> None:
    codes = {code_of(KEY, f"ada-{n}") for n in range(200)}
    assert len(codes) > 190
    assert all(len(code) == 6 and code.isdigit() for code in codes)
    assert code_of(KEY, "ada") != code_of(b"1" * 32, "ada")
    assert code_of(KEY, "ada") == code_of(KEY, "ada")


def test_a_code_may_have_blanks_around_it_and_nothing_else() -> None:
    code = code_of(KEY, "ada")
    assert is_code(code, KEY, "ada")
    assert is_code(f" {code}\n", KEY, "ada")
    assert not is_code(code, KEY, "bob")
    assert not is_code(code[:-1], KEY, "ada")
    assert not is_code("é", KEY, "ada")


def test_the_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    key = load_key(tmp_path)
    assert len(key) == 32
    assert load_key(tmp_path) == key
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600


def test_a_private_file_replaces_what_was_there_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "private"
    path.write_text("before")
    path.chmod(0o644)
    (tmp_path / "private.partial").write_text("of a process that died")
    write_private(path, b"after")
    assert path.read_bytes() == b"after"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["private"]


def test_the_id_of_a_token_is_in_its_text() -> None:
    token_id, text = make_token(Ids())
    assert token_id_in(text) == token_id
    for wrong in (text[1:], text + "x", text.replace("bos_", "bot_"), "", text + "\n"):
        assert token_id_in(wrong) is None


@pytest.mark.parametrize(
    ("url", "prefix", "path", "secure"),
    [
        ("http://127.0.0.1:8787", "buildos-box-", "/", False),
        ("http://home.example/box", "buildos-box-", "/box", False),
        ("https://box.example", "__Host-buildos-box-", "/", True),
        ("https://box.example/under", "__Host-buildos-box-", "/", True),
    ],
)
def test_the_cookie_is_for_its_server_alone(url: str, prefix: str, path: str, secure: bool) -> None:
    cookie = SessionCookie.of(url, KEY)
    assert cookie.name.startswith(prefix)
    assert len(cookie.name) == len(prefix) + 12
    assert (cookie.path, cookie.secure) == (path, secure)
    assert SessionCookie.of(url, b"1" * 32).name != cookie.name
    answer: Response[Any] = Response(None)
    cookie.set(answer, "the-session", timedelta(hours=1))
    (made,) = answer.cookies
    assert (made.key, made.value, made.max_age) == (cookie.name, "the-session", 3600)
    assert (made.path, made.secure, made.httponly, made.samesite) == (path, secure, True, "strict")
