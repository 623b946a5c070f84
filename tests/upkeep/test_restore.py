"""A restore is checked first, swapped whole, sends nothing old (docs/spec.md#restore)."""

import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from buildos_box.db import Database
from buildos_box.db.lock import AlreadyRunning
from buildos_box.db.snapshot import inspect
from buildos_box.upkeep import archive, restore
from buildos_box.upkeep.archive import BadBackup
from buildos_box.upkeep.backup import make_backup
from tests.clock import ManualClock
from tests.world import BoxWorld, open_world

DB = archive.DATABASE
QUARTER = timedelta(minutes=15)


async def _with_mail_due(world: BoxWorld) -> None:
    """A brief that is written at 08:58 and mailed at 09:00."""
    await world.person("ada", at="09:00")
    await world.project("ada")
    await world.tick()
    assert [job["status"] for job in await world.jobs()] == ["pending"]


async def test_a_backup_restored_elsewhere_is_the_same_box(tmp_path: Path) -> None:
    async with open_world(tmp_path / "old") as old:
        await old.person("ada")
        await old.project("ada", tasks=4)
        token = await old.token_for("user:ada")
        made = make_backup(old.folder, tmp_path / "out", old.clock)
    done = restore.restore(made.path, tmp_path / "new", old.clock)
    assert done.aside is None
    counts = inspect(tmp_path / "new" / DB).counts
    for name, rows in made.manifest.counts.items():
        if name not in ("realtime_events", "epochs"):
            assert counts[name] == rows, name
    async with open_world(tmp_path / "new", clock=old.clock) as new:
        projects = await new.get("/users/ada/projects", token=token)
        assert [p["name"] for p in projects["items"]] == ["Launch"]


async def test_what_was_due_before_the_restore_is_not_sent(tmp_path: Path) -> None:
    async with open_world(tmp_path / "data") as world:
        await _with_mail_due(world)
        made = make_backup(world.folder, tmp_path / "out", world.clock)
        await world.run_until("2024-10-23T09:05:00Z", step=QUARTER)
        assert len(world.outbox) == 1
    world.clock.advance(timedelta(minutes=5))
    restore.restore(made.path, world.folder, world.clock)
    async with open_world(world.folder, clock=world.clock) as again:
        await again.run_until("2024-10-23T11:30:00Z", step=QUARTER)
        assert len(again.outbox) == 1
        job = (await again.jobs())[0]
        assert job["status"] == "cancelled"
        assert "before the restore" in job["cancel_reason"]
        await again.run_until("2024-10-24T09:05:00Z", step=QUARTER)
        assert len(again.outbox) == 2


async def test_a_brief_due_while_the_box_was_away_is_not_made_good_by_the_cron(
    tmp_path: Path,
) -> None:
    async with open_world(tmp_path / "data", at="2024-10-23T07:30:00Z") as world:
        await world.person("ada", at="09:00")
        made = make_backup(world.folder, tmp_path / "out", world.clock)
        await world.run_until("2024-10-23T09:05:00Z", step=QUARTER)
        assert len(world.outbox) == 1
    restore.restore(made.path, world.folder, world.clock)
    async with open_world(world.folder, clock=world.clock) as again:
        await again.run_until("2024-10-23T11:30:00Z", step=QUARTER)
        assert len(again.outbox) == 1


async def test_resume_sends_sends_it(tmp_path: Path) -> None:
    async with open_world(tmp_path / "data") as world:
        await _with_mail_due(world)
        made = make_backup(world.folder, tmp_path / "out", world.clock)
    world.clock.set("2024-10-23T09:10:00Z")
    restore.restore(made.path, world.folder, world.clock, resume_sends=True)
    async with open_world(world.folder, clock=world.clock) as again:
        await again.tick()
        assert len(again.outbox) == 1


async def test_what_lies_ahead_of_the_restore_is_sent(tmp_path: Path) -> None:
    async with open_world(tmp_path / "data") as world:
        await _with_mail_due(world)
        made = make_backup(world.folder, tmp_path / "out", world.clock)
    restore.restore(made.path, world.folder, world.clock)
    async with open_world(world.folder, clock=world.clock) as again:
        await again.run_until("2024-10-23T09:01:00Z")
        assert len(again.outbox) == 1


async def test_a_listener_of_the_old_streams_has_to_start_afresh(tmp_path: Path) -> None:
    from buildos_box.realtime import store as realtime

    async with open_world(tmp_path / "data") as world:
        await _with_mail_due(world)
        made = make_backup(world.folder, tmp_path / "out", world.clock)
        await world.run_until("2024-10-23T09:05:00Z", step=QUARTER)
        seen = (await realtime.kept(world.db)).latest
    restore.restore(made.path, world.folder, world.clock)
    async with open_world(world.folder, clock=world.clock) as again:
        await again.post("/queue/brief", {"userId": "ada"})
        await again.work()
        kept = await realtime.kept(again.db)
        assert kept.latest > kept.floor > seen


async def test_a_running_box_is_left_alone(tmp_path: Path) -> None:
    async with open_world(tmp_path / "data") as world:
        await world.person("ada")
        made = make_backup(world.folder, tmp_path / "out", world.clock)
        await world.person("bob")
        with pytest.raises(AlreadyRunning):
            restore.restore(made.path, world.folder, world.clock)
        assert inspect(world.folder / DB).counts["users"] == 2


async def test_a_bad_backup_replaces_nothing(tmp_path: Path) -> None:
    async with open_world(tmp_path / "data") as world:
        await world.person("ada")
    before = sorted(path.name for path in world.folder.iterdir())
    bad = tmp_path / "bad.tar.gz"
    bad.write_bytes(b"\x1f\x8b no")
    with pytest.raises(BadBackup):
        restore.restore(bad, world.folder, world.clock)
    assert sorted(path.name for path in world.folder.iterdir()) == before
    assert inspect(world.folder / DB).counts["users"] == 1


async def test_a_bare_copy_of_the_database_is_restored_with_the_keys_that_are_there(
    tmp_path: Path,
) -> None:
    async with open_world(tmp_path / "data") as world:
        await world.person("ada")
        token = world.token
    bare = tmp_path / "copy.sqlite3"
    bare.write_bytes((world.folder / DB).read_bytes())
    restore.restore(bare, world.folder, world.clock)
    async with open_world(world.folder, clock=world.clock) as again:
        assert (await again.get("/users/ada", token=token))["id"] == "ada"


async def test_what_was_there_is_kept_aside(tmp_path: Path) -> None:
    async with open_world(tmp_path / "data") as world:
        made = make_backup(world.folder, tmp_path / "out", world.clock)
        await world.person("late")
    done = restore.restore(made.path, world.folder, world.clock)
    assert done.aside is not None
    assert inspect(done.aside / DB).counts["users"] == 1
    assert inspect(world.folder / DB).counts["users"] == 0


@pytest.mark.parametrize("steps", range(6))
async def test_a_swap_cut_off_anywhere_is_finished_by_the_next_start(
    tmp_path: Path, steps: int
) -> None:
    """The folder as a power cut leaves it after each step of the swap."""
    async with open_world(tmp_path / "data") as world:
        await world.person("new")
        made = make_backup(world.folder, tmp_path / "out", world.clock)
        await world.person("newer")
    folder = world.folder
    staged = tmp_path / "staged"
    restore.restore(made.path, staged, world.clock)
    ready = folder / "restore.ready"
    ready.mkdir()
    names = ["admin-token", "secret.key", DB]
    for name in names:
        (staged / name).rename(ready / name)
    (ready / "aside").write_text("before-restore-x")
    (folder / f"{DB}-wal").write_bytes(b"the old log")
    aside = folder / "before-restore-x"
    moves: list[Callable[[], object]] = [
        lambda: aside.mkdir(),
        lambda: (folder / "admin-token").rename(aside / "admin-token"),
        lambda: (ready / "admin-token").rename(folder / "admin-token"),
        lambda: (folder / f"{DB}-wal").rename(aside / f"{DB}-wal"),
        lambda: (folder / DB).rename(aside / DB),
    ]
    for move in moves[:steps]:
        move()
    async with open_world(folder, clock=world.clock) as again:
        users = await again.get("/users")
        assert [user["id"] for user in users["items"]] == ["new"]
    assert not ready.exists()

    assert (aside / DB).exists()


async def test_a_backup_of_an_older_schema_is_brought_up_to_date(tmp_path: Path) -> None:
    from buildos_box.db.migrate import known_migrations, migrate

    clock = ManualClock("2024-10-23T08:00:00Z")
    known = known_migrations()
    old = tmp_path / "old.sqlite3"
    migrate(old, clock, known[: len(known) // 2])
    restore.restore(old, tmp_path / "data", clock)
    db = await Database.open(tmp_path / "data" / DB, clock)
    await db.close()
    assert inspect(tmp_path / "data" / DB).schema == known[-1].number


async def test_a_database_of_something_else_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.sqlite3"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE t (x)")
    connection.close()
    with pytest.raises(BadBackup):
        restore.restore(other, tmp_path / "data", ManualClock("2024-10-23T08:00:00Z"))


@pytest.mark.parametrize(
    "planted",
    [
        "CREATE TRIGGER spy AFTER INSERT ON users BEGIN DELETE FROM tokens; END",
        "CREATE VIEW spy AS SELECT * FROM users",
        "CREATE TABLE spy (a)",
        "CREATE INDEX spy ON users (name)",
    ],
)
@pytest.mark.parametrize("bare", [False, True])
async def test_what_no_migration_made_is_refused(tmp_path: Path, planted: str, bare: bool) -> None:
    async with open_world(tmp_path / "old") as old:
        await old.person("ada")
        clock = old.clock
    with sqlite3.connect(tmp_path / "old" / DB) as db:
        db.execute(planted)
    db.close()
    source = tmp_path / "old" / DB
    if not bare:
        source = make_backup(tmp_path / "old", tmp_path / "out", clock).path
    with pytest.raises(BadBackup) as refused:
        restore.restore(source, tmp_path / "new", clock)
    assert "'spy'" in refused.value.message
    assert not (tmp_path / "new" / DB).exists()


async def test_the_tables_of_a_replication_program_are_let_in(tmp_path: Path) -> None:
    async with open_world(tmp_path / "old") as old:
        await old.person("ada")
        clock = old.clock
    with sqlite3.connect(tmp_path / "old" / DB) as db:
        db.execute("CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)")
    db.close()
    restore.restore(tmp_path / "old" / DB, tmp_path / "new", clock)
    assert inspect(tmp_path / "new" / DB).counts["users"] == 1
