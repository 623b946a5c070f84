"""The nightly restore drill, and what is told of backups that fail."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from buildos_box.settings import Settings
from buildos_box.settings.model import BackupSettings
from buildos_box.tui.overview import backup_trouble
from buildos_box.upkeep.backup import backups_in
from tests.world import BoxWorld, open_world


async def ran(world: BoxWorld, name: str) -> Any:
    return await world.post(f"/schedule/{name}/run")


async def alerts(world: BoxWorld) -> list[str]:
    rows = await world.db.all("SELECT kind FROM queue_alerts")
    return sorted(row["kind"] for row in rows)


async def test_a_good_backup_is_opened_and_told(tmp_path: Path) -> None:
    async with open_world(tmp_path / "data") as world:
        await world.person("ada")
        await ran(world, "backup")
        summary = (await ran(world, "restore_drill"))["summary"]
        assert summary["users"] == 1
        assert summary["rows"] > 1
        health = await world.get("/health")
        assert health["backup"]["lastDrill"]["ok"] is True
        assert health["backup"]["lastBackup"]["ok"] is True
        assert "warnings" not in health
        assert backup_trouble(health) == []
        assert await alerts(world) == []
        assert [path.name for path in (tmp_path / "data/backups").glob(".box-drill-*")] == []


async def test_a_damaged_backup_fails_the_drill_and_alerts(tmp_path: Path) -> None:
    async with open_world(tmp_path / "data") as world:
        await ran(world, "backup")
        backup = backups_in(tmp_path / "data" / "backups")[0]
        backup.write_bytes(backup.read_bytes()[:-2000])
        assert "not a complete backup" in (await ran(world, "restore_drill"))["error"]
        health = await world.get("/health")
        assert "the restore drill failed" in health["warnings"][0]
        assert health["backup"]["lastDrill"]["ok"] is False
        assert [said.partition(":")[0] for said in backup_trouble(health)] == [
            "restore drill failed"
        ]
        assert health["status"] == "healthy"
        assert await alerts(world) == ["restore_drill"]


async def test_a_missing_or_old_backup_alerts(tmp_path: Path) -> None:
    async with open_world(tmp_path / "data") as world:
        await ran(world, "backup")
        made = backups_in(tmp_path / "data" / "backups")[0]
        made.rename(tmp_path / made.name)
        assert "there is no backup" in (await ran(world, "restore_drill"))["error"]
        (tmp_path / made.name).rename(made)
        world.clock.set(world.clock.now() + timedelta(days=3))
        assert "the newest backup is of" in (await ran(world, "restore_drill"))["error"]
        assert await alerts(world) == ["restore_drill"]


async def test_a_backup_that_fails_alerts_and_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    settings = Settings(backup=BackupSettings(dir=str(tmp_path / "file")))
    async with open_world(tmp_path / "data", settings=settings) as world:
        assert (await ran(world, "backup"))["error"]
        assert await alerts(world) == ["backup_failed"]
        assert "the nightly backup failed" in (await world.get("/health"))["warnings"][0]


async def test_without_nightly_backups_there_is_no_drill(tmp_path: Path) -> None:
    settings = Settings(backup=BackupSettings(keep=0))
    async with open_world(tmp_path / "data", settings=settings) as world:
        assert "off" in (await ran(world, "restore_drill"))["summary"]["note"]
        assert await alerts(world) == []


async def test_a_new_box_has_no_drill_before_its_first_backup(tmp_path: Path) -> None:
    async with open_world(tmp_path / "data") as world:
        assert "still to come" in (await ran(world, "restore_drill"))["summary"]["note"]
        assert await alerts(world) == []


async def test_a_start_does_not_make_up_for_a_missed_drill(tmp_path: Path) -> None:
    async with open_world(tmp_path / "data", at="2024-10-23T08:00:00Z") as world:
        await world.tick()
        runs = {cron["name"]: cron["lastRun"] for cron in (await world.get("/schedule"))["crons"]}
        assert runs["backup"] is not None
        assert runs["restore_drill"] is None
