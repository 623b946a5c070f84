"""Backups in an S3-compatible store: a real server on loopback, real encryption."""

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from click.testing import CliRunner, Result
from moto.server import ThreadedMotoServer
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from buildos_box.cli.main import main
from buildos_box.settings import Secret, Settings
from buildos_box.settings.backup_place import Place
from buildos_box.settings.model import BackupSettings, S3Settings
from buildos_box.upkeep.remote_backup import RemoteBackups, RemoteFailed, new_identity
from tests.world import open_world

SECRET = "store-secret-5f2c"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    yield f"http://{host}:{port}"
    moto.stop()


@pytest.fixture
def bucket(server: str, request: pytest.FixtureRequest) -> str:
    """An empty bucket of its own for each test."""
    name = request.node.name.replace("_", "-").replace("[", "-").rstrip("]")[5:60].strip("-")
    with urlopen(Request(f"{server}/{name}", method="PUT")):
        return name


@pytest.fixture
def key(tmp_path: Path) -> tuple[Path, str]:
    file = tmp_path / "backup.key"
    made = CliRunner().invoke(main, ["backup", "key", str(file), "--json"])
    assert made.exit_code == 0, made.output
    return file, json.loads(made.stdout)["recipient"]


def s3(server: str) -> S3Settings:
    return S3Settings(endpoint=server, access_key_id="me", secret_access_key=Secret(SECRET))


def store(server: str, bucket: str, **more: Any) -> RemoteBackups:
    return RemoteBackups(Place(bucket, "boxes/one"), BackupSettings(s3=s3(server), **more))


def config(folder: Path, server: str, recipient: str, more: str = "") -> Path:
    file = folder / "config.toml"
    file.write_text(
        f'[data]\ndir = "{folder / "data"}"\n[backup]\nrecipient = "{recipient}"\n{more}'
        f'[backup.s3]\nendpoint = "{server}"\naccess_key_id = "me"\n'
        f'secret_access_key = "{SECRET}"\n',
        "utf-8",
    )
    return file


def run(file: Path, *args: str) -> Result:
    return CliRunner().invoke(main, [*args, "--config", str(file)])


async def test_what_is_uploaded_comes_back_in_another_folder_with_the_owners_key(
    tmp_path: Path, server: str, bucket: str, key: tuple[Path, str]
) -> None:
    async with open_world(tmp_path / "data") as world:
        await world.person("ada")
    file, place = config(tmp_path, server, key[1]), f"s3://{bucket}/boxes/one"
    sent = run(file, "backup", "--to", place)
    assert sent.exit_code == 0, sent.output
    url = sent.stdout.split()[1]
    assert url.startswith(f"{place}/box-")
    with urlopen(f"{server}/{url.removeprefix('s3://')}") as answer:
        assert answer.read().startswith(b"age-encryption.org/v1\n")
    other = tmp_path / "other"
    for source in (place, url):
        back = run(
            file, "restore", source, "--data", str(other), "--identity", str(key[0]), "--yes"
        )
        assert back.exit_code == 0, back.output
    async with open_world(other) as world:
        assert [user["id"] for user in (await world.get("/users"))["items"]] == ["ada"]
    assert [path.name for path in tmp_path.glob(".box-*")] == []
    assert SECRET not in sent.output


async def test_the_newest_are_kept(
    tmp_path: Path, server: str, bucket: str, key: tuple[Path, str]
) -> None:
    there = store(server, bucket)
    names = [f"box-2024010{day}T040000000Z.backup.tar.gz" for day in (1, 2, 3)]
    for name in names:
        (tmp_path / name).write_bytes(name.encode())
        there.upload(tmp_path / name, key[1])
    assert there.forget_old(2) == [f"{names[0]}.age"]
    assert there.names() == [f"{name}.age" for name in reversed(names[1:])]


async def test_the_nightly_backup_goes_there_and_is_pruned(
    tmp_path: Path, server: str, bucket: str, key: tuple[Path, str]
) -> None:
    backup = BackupSettings(to=f"s3://{bucket}/boxes/one", recipient=key[1], keep=1, s3=s3(server))
    async with open_world(tmp_path / "data", settings=Settings(backup=backup)) as world:
        for _ in range(2):
            run = await world.post("/schedule/backup/run")
            assert run["error"] is None
            world.clock.set(world.clock.now() + timedelta(minutes=1))
        there = store(server, bucket)
        assert [there.url_of(name) for name in there.names()] == [run["summary"]["uploaded"]]


def test_another_key_opens_nothing(
    tmp_path: Path, server: str, bucket: str, key: tuple[Path, str]
) -> None:
    backup = tmp_path / "box-20240101T040000000Z.backup.tar.gz"
    backup.write_bytes(b"whole")
    there = store(server, bucket)
    there.upload(backup, key[1])
    here = tmp_path / "here"
    here.mkdir()
    with pytest.raises(RemoteFailed, match="cannot be decrypted"):
        there.download(None, new_identity()[0], here)


def test_an_upload_that_arrives_as_something_else_is_refused_and_deleted(
    tmp_path: Path, server: str, bucket: str, key: tuple[Path, str]
) -> None:
    class Altered(RemoteBackups):
        def _digest(self, name: str) -> str:
            with urlopen(Request(f"{server}/{bucket}/{name}", data=b"other", method="PUT")):
                return super()._digest(name)

    backup = tmp_path / "box-20240101T040000000Z.backup.tar.gz"
    backup.write_bytes(b"whole")
    there = Altered(Place(bucket, ""), BackupSettings(s3=s3(server)))
    with pytest.raises(RemoteFailed, match="is not what was uploaded"):
        there.upload(backup, key[1])
    assert there.names() == []


def test_a_store_that_refuses_is_told_in_a_line_without_the_secret(
    tmp_path: Path, server: str, key: tuple[Path, str]
) -> None:
    backup = tmp_path / "box-20240101T040000000Z.backup.tar.gz"
    backup.write_bytes(b"whole")
    with pytest.raises(RemoteFailed) as refused:
        store(server, "no-such-bucket").upload(backup, key[1])
    assert "NoSuchBucket" in refused.value.message
    assert "\n" not in refused.value.message
    assert SECRET not in refused.value.message


def test_a_file_of_authorities_that_is_empty_is_a_refusal_in_words(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_bytes(b"")
    monkeypatch.setenv("SSL_CERT_FILE", str(empty))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    with pytest.raises(RemoteFailed):
        store(server, "bucket")


def test_a_system_without_certificates_goes_by_those_of_the_rest(
    tmp_path: Path, server: str, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgotten(monkeypatch, "SSL_CERT_FILE")
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert store(server, bucket).names() == []
    assert os.environ["SSL_CERT_FILE"] == DEFAULT_CA_BUNDLE_PATH


def test_another_fault_of_the_library_changes_nobodys_certificates(
    server: str, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgotten(monkeypatch, "SSL_CERT_FILE")
    monkeypatch.setenv("AWS_ALLOW_HTTP", "perhaps")
    store(server, bucket)
    assert "SSL_CERT_FILE" not in os.environ


def forgotten(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The variable is not set, and will be again as it was."""
    monkeypatch.setenv(name, "")
    monkeypatch.delenv(name)


def test_a_folder_without_a_box_is_named(
    tmp_path: Path, server: str, key: tuple[Path, str]
) -> None:
    said = run(config(tmp_path, server, key[1]), "backup", "--to", "s3://bucket/x")
    assert said.exit_code == 1
    assert "there is no database in" in said.stderr


def test_nothing_leaves_unencrypted(tmp_path: Path, server: str) -> None:
    file = config(tmp_path, server, "")
    result = run(file, "backup", "--to", "s3://bucket/x")
    assert result.exit_code != 0
    assert "recipient" in result.stderr
    file = config(tmp_path, server, "", 'to = "s3://bucket/x"\n')
    assert "backup.recipient" in run(file, "config", "check").stderr


@pytest.mark.parametrize("place", ["s3:/bucket", "s3://", "https://s3.example.org/bucket"])
def test_a_place_that_is_none_is_a_fault(tmp_path: Path, place: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(f'[backup]\nto = "{place}"\n', "utf-8")
    assert "must be like s3://bucket/folder" in run(file, "config", "check").stderr
