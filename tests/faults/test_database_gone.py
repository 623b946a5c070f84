"""The database file is deleted or moved under a served box: it says so and refuses writes."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.served import Cli, Served, served_box


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with served_box(tmp_path) as box:
        yield box


def http_of(served: Served) -> httpx.Client:
    headers = {"Authorization": f"Bearer {served.token}"}
    return httpx.Client(base_url=served.url, headers=headers, timeout=60)


def add_user(http: httpx.Client, user_id: str) -> httpx.Response:
    return http.post("/sync", json={"users": [{"id": user_id, "name": user_id}]})


def doctor(cli: Cli, served: Served, code: int) -> dict[str, Any]:
    """The findings by name; of several under one name, the last."""
    config = served.data.parent / "config.toml"
    result = cli.run(
        "doctor", "--offline", "--json", "--config", str(config), "--data", str(served.data)
    )
    assert result.exit_code == code, result.output
    return {found["name"]: found for found in json.loads(result.stdout)["findings"]}


def test_a_moved_database_is_told_saved_and_restored(served: Served, tmp_path: Path) -> None:
    cli = Cli(served.url, served.token)
    database = served.data / "box.sqlite3"
    with http_of(served) as http:
        assert add_user(http, "ada").status_code == 200
        assert doctor(cli, served, 0)["health"]["level"] == "ok"
        for name in ("", "-wal", "-shm"):
            database.with_name(database.name + name).rename(tmp_path / f"aside{name}")

        refused = add_user(http, "bob")
        assert (refused.status_code, refused.json()["code"]) == (503, "database_gone")
        assert "was deleted or moved while it was open" in refused.json()["error"]
        health = http.get("/health")
        assert (health.status_code, health.json()["status"]) == (503, "unhealthy")
        assert any("was deleted or moved" in reason for reason in health.json()["reasons"])
        assert not database.exists()

        config = ["--config", str(tmp_path / "config.toml"), "--data", str(served.data)]
        found = doctor(cli, served, 1)
        assert found["health"]["level"] == "fault"
        plain = cli.run("doctor", "--offline", *config).stdout
        assert "backup --from-server" in plain
        assert "writes nothing more" in plain

        by_path = cli.run("backup", *config)
        assert by_path.exit_code == 1
        made = cli.json("backup", "--from-server", *config)
        assert cli.run("backup", "--from-server", "--to", "x", *config).exit_code == 2
        cli.ok("verify", made["path"])
    restored = tmp_path / "restored"
    cli.ok("restore", made["path"], "--yes", "--data", str(restored), *config[:2])
    with sqlite3.connect(restored / "box.sqlite3") as rows:
        assert rows.execute("SELECT id FROM users").fetchall() == [("ada",)]


def test_a_replaced_database_is_not_taken_for_the_open_one(served: Served, tmp_path: Path) -> None:
    cli = Cli(served.url, served.token)
    database = served.data / "box.sqlite3"
    with http_of(served) as http:
        assert add_user(http, "ada").status_code == 200
        (tmp_path / "other").write_bytes(database.read_bytes())
        (tmp_path / "other").replace(database)
        assert http.get("/health").status_code == 503
        said = add_user(http, "bob").json()["error"]
        assert "was replaced by another file" in said
        config = ["--config", str(tmp_path / "config.toml"), "--data", str(served.data)]
        refused = cli.run("backup", *config)
        assert refused.exit_code == 1
        assert "backup --from-server" in refused.stderr
        assert "was replaced by another file" in cli.run("doctor", "--offline", *config).stdout
        cli.ok("backup", "--from-server", *config)
