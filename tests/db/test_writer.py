"""One writer, group commit, and what happens when a transaction fails."""

import asyncio
import sqlite3
import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from buildos_box.db import Database, InstanceLock, Tx
from buildos_box.db.lock import AlreadyRunning
from buildos_box.db.migrate import Migration, SchemaTooNew, known_migrations, migrate, statements
from buildos_box.db.writer import StorageError
from buildos_box.errors import BoxError, Unavailable
from tests.clock import ManualClock

TABLE = "CREATE TABLE t (n INTEGER PRIMARY KEY) STRICT"


@pytest.fixture
async def db(tmp_path: Path):  # type: ignore[no-untyped-def]
    database = await Database.open(tmp_path / "box.sqlite3", ManualClock())
    await database.write(lambda tx: tx.execute(TABLE))
    yield database
    await database.close()


def insert(n: int):  # type: ignore[no-untyped-def]
    return lambda tx: tx.execute("INSERT INTO t VALUES (?)", (n,)).rowcount


async def numbers(db: Database) -> list[int]:
    return [row["n"] for row in await db.all("SELECT n FROM t ORDER BY n")]


async def test_a_write_is_seen_by_reads_that_follow_it(db: Database) -> None:
    await db.write(insert(1))
    assert await numbers(db) == [1]


async def test_one_failing_transaction_takes_only_itself_back(db: Database) -> None:
    def fail(tx: Tx) -> None:
        insert(99)(tx)
        raise BoxError("no")

    results = await asyncio.gather(
        *(db.write(insert(n)) for n in range(3)), db.write(fail), return_exceptions=True
    )
    assert isinstance(results[-1], BoxError)
    assert await numbers(db) == [0, 1, 2]


async def test_work_that_waits_together_is_committed_together(db: Database) -> None:
    """While one slow transaction holds the writer, a hundred wait: they are one commit."""
    started, gate = threading.Event(), threading.Event()
    blocker = db.submit(lambda tx: (insert(100)(tx), started.set(), gate.wait(5)))
    started.wait(5)
    futures = [db.submit(insert(n)) for n in range(100)]
    before = db.commits
    gate.set()
    for future in (blocker, *futures):
        future.result()
    assert len(await numbers(db)) == 101
    assert db.commits - before == 2


async def test_a_commit_counts_only_if_it_has_changed_something(tmp_path: Path) -> None:
    clock = ManualClock()
    db = await Database.open(tmp_path / "box.sqlite3", clock)
    await db.write(lambda tx: tx.execute(TABLE))
    before = db.commits
    await db.write(lambda tx: tx.all("SELECT n FROM t"))
    await db.write(lambda tx: tx.execute("DELETE FROM t WHERE n = 5"))
    assert (db.commits, db.written_at) == (before, None)
    await db.write(insert(1))
    assert (db.commits, db.written_at) == (before + 1, clock.monotonic())
    await db.close()


async def test_what_is_rolled_back_alone_does_not_make_its_commit_count(db: Database) -> None:
    """A transaction that reads shares its commit with one that fails after it has inserted."""

    def fail(tx: Tx) -> None:
        insert(1)(tx)
        raise BoxError("no")

    started, gate = threading.Event(), threading.Event()
    blocker = db.submit(lambda tx: (started.set(), gate.wait(5)))
    started.wait(5)
    before = db.commits
    both = db.submit(fail), db.submit(lambda tx: len(tx.all("SELECT n FROM t")))
    gate.set()
    with pytest.raises(BoxError):
        both[0].result()
    assert (blocker.result(), both[1].result(), db.commits - before) == ((None, True), 0, 0)


async def test_a_refused_write_takes_the_proof_of_the_last_one_away(db: Database) -> None:
    await db.write(insert(1))
    assert db.written_at is not None
    with pytest.raises(StorageError):
        await db.write(lambda tx: tx.execute("INSERT INTO missing VALUES (1)"))
    assert db.written_at is None


async def test_what_a_transaction_asks_for_before_its_commit_goes_into_the_same(
    db: Database,
) -> None:
    asked: list[Any] = []

    def ask() -> None:
        asked.append(db.submit(lambda tx: [row["n"] for row in tx.all("SELECT n FROM t")]))

    def insert_and_ask(tx: Tx) -> None:
        insert(7)(tx)
        tx.before_commit(ask)

    before = db.commits
    await db.write(insert_and_ask)
    assert [found.result() for found in asked] == [[7]]
    assert db.commits - before == 1


async def test_what_is_asked_for_before_a_commit_outlives_its_failure(db: Database) -> None:
    """The question is asked again with the rest, and each answer is that of what was kept."""
    started, gate = threading.Event(), threading.Event()
    asked: list[Any] = []

    def ask() -> None:
        asked.append(db.submit(lambda tx: [row["n"] for row in tx.all("SELECT n FROM t")]))

    def fail(tx: Tx) -> None:
        insert(99)(tx)
        raise BoxError("no")

    def insert_and_ask(tx: Tx) -> None:
        insert(7)(tx)
        tx.before_commit(ask)

    blocker = db.submit(lambda tx: (started.set(), gate.wait(5)))
    started.wait(5)
    kept, failed = db.submit(insert_and_ask), db.submit(fail)
    gate.set()
    blocker.result()
    kept.result()
    assert isinstance(failed.exception(), BoxError)
    assert [found.result() for found in asked] == [[7]] * len(asked)
    assert asked


async def test_what_several_of_one_commit_ask_for_after_it_runs_once(db: Database) -> None:
    started, gate = threading.Event(), threading.Event()
    seen: list[str] = []

    def look() -> None:
        seen.append("looked")

    blocker = db.submit(lambda tx: (started.set(), gate.wait(5)))
    started.wait(5)
    futures = [db.submit(lambda tx: tx.after_commit(look)) for _ in range(10)]
    gate.set()
    blocker.result()
    for future in futures:
        future.result()
    assert seen == ["looked"]


async def test_after_commit_runs_after_the_commit_and_before_the_caller_goes_on(
    db: Database,
) -> None:
    seen: list[str] = []

    def write(tx: Tx) -> None:
        tx.after_commit(lambda: seen.append("after"))
        seen.append("inside")

    await db.write(write)
    assert seen == ["inside", "after"]


async def test_what_runs_after_the_commit_finds_the_rows_there(
    db: Database, tmp_path: Path
) -> None:
    seen: list[list[int]] = []

    def look() -> None:
        with closing(sqlite3.connect(tmp_path / "box.sqlite3")) as another:
            seen.append([n for (n,) in another.execute("SELECT n FROM t")])

    def write(tx: Tx) -> None:
        insert(7)(tx)
        tx.after_commit(look)

    await db.write(write)
    assert seen == [[7]]


async def test_nothing_is_published_for_a_transaction_that_failed(db: Database) -> None:
    seen: list[str] = []

    def write(tx: Tx) -> None:
        tx.after_commit(lambda: seen.append("after"))
        raise BoxError("no")

    with pytest.raises(BoxError):
        await db.write(write)
    assert seen == []


async def test_listeners_act_in_the_same_transaction(db: Database) -> None:
    class Changed:
        pass

    def listener(tx: Tx, _change: Changed) -> None:
        insert(7)(tx)
        raise BoxError("the listener refuses")

    db.subscribe(Changed, listener)

    def write(tx: Tx) -> None:
        insert(1)(tx)
        tx.announce(Changed())

    with pytest.raises(BoxError):
        await db.write(write)
    assert await numbers(db) == []


async def test_readers_cannot_write(db: Database) -> None:
    with pytest.raises(Exception, match="readonly"):
        await db.all("INSERT INTO t VALUES (5) RETURNING n")


async def test_writes_are_durable_at_full_synchronous(db: Database) -> None:
    modes = await db.write(
        lambda tx: (tx.one("PRAGMA synchronous")[0], tx.one("PRAGMA journal_mode")[0])  # type: ignore[index]
    )
    assert modes == (2, "wal")


def test_a_second_process_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    first, second = InstanceLock(tmp_path), InstanceLock(tmp_path)
    first.acquire()
    with pytest.raises(AlreadyRunning, match="already serves"):
        second.acquire()
    first.release()
    second.acquire()
    second.release()


def test_a_file_from_a_newer_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "box.sqlite3"
    migrate(path, ManualClock())
    newer = [*known_migrations(), Migration(9999, "future", "CREATE TABLE future (n INTEGER);")]
    migrate(path, ManualClock(), newer)
    with pytest.raises(SchemaTooNew):
        migrate(path, ManualClock())


def test_a_migration_that_fails_leaves_the_schema_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "box.sqlite3"
    migrate(path, ManualClock())
    bad = [*known_migrations(), Migration(9999, "bad", "CREATE TABLE half (n INTEGER); NONSENSE;")]
    with pytest.raises(Exception, match="NONSENSE"):
        migrate(path, ManualClock(), bad)
    migrate(path, ManualClock())
    assert list(tmp_path.glob("*-before-schema-*.sqlite3"))


def test_a_long_migration_says_that_it_goes_on_and_how_long_it_took(
    tmp_path: Path,
) -> None:
    path = tmp_path / "box.sqlite3"
    migrate(path, ManualClock())
    count = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400000)"
    slow = Migration(9999, "slow", f"CREATE TABLE slow AS {count} SELECT max(i) AS i FROM n;")
    with capture_logs() as told:
        migrate(path, _Hasty(), [*known_migrations(), slow])
    said = [line["event"] for line in told]
    assert said[0] == "migrating"
    assert {"still_copying", "backup_before_migration", "still_migrating"} == set(said[1:-1])
    assert told[-1]["event"] == "migrated"
    assert told[-1]["schema"] == 9999
    assert told[-1]["seconds"] > 0


class _Hasty(ManualClock):
    """Ten seconds pass between two looks at it."""

    def monotonic(self) -> float:
        self.advance(timedelta(seconds=10))
        return super().monotonic()


def test_scripts_are_cut_at_statements_not_at_semicolons() -> None:
    script = "CREATE TRIGGER a AFTER INSERT ON t BEGIN SELECT 1; SELECT 2; END; SELECT ';';"
    assert len(statements(script)) == 2


INSERT_T = "INSERT INTO t (n) VALUES"


async def test_rows_given_together_are_written_with_the_commit(db: Database) -> None:
    futures = [db.submit(lambda tx, n=n: tx.insert_deferred(INSERT_T, [[n]])) for n in range(70)]  # type: ignore[misc]
    for future in futures:
        future.result()
    assert await numbers(db) == list(range(70))


async def test_rows_of_a_transaction_that_failed_are_not_written_with_the_others(
    db: Database,
) -> None:
    def fail(tx: Tx) -> None:
        tx.insert_deferred(INSERT_T, [[99]])
        raise BoxError("no")

    results = await asyncio.gather(
        *(db.write(lambda tx, n=n: tx.insert_deferred(INSERT_T, [[n]])) for n in range(3)),  # type: ignore[misc]
        db.write(fail),
        return_exceptions=True,
    )
    assert isinstance(results[-1], BoxError)
    assert await numbers(db) == [0, 1, 2]


async def test_a_row_that_the_file_refuses_fails_its_own_transaction_only(db: Database) -> None:
    await db.write(insert(1))
    results = await asyncio.gather(
        *(db.write(lambda tx, n=n: tx.insert_deferred(INSERT_T, [[n]])) for n in (1, 2, 3)),  # type: ignore[misc]
        return_exceptions=True,
    )
    assert [isinstance(one, Exception) for one in results] == [True, False, False]
    assert await numbers(db) == [1, 2, 3]


async def test_what_was_settled_can_be_read_in_the_same_transaction(db: Database) -> None:
    def look(tx: Tx) -> int:
        tx.insert_deferred(INSERT_T, [[7]])
        tx.flush()
        return len(tx.all("SELECT n FROM t"))

    assert await db.write(look) == 1


async def test_rows_that_come_next_are_there_before_anything_else_runs(db: Database) -> None:
    def look(tx: Tx) -> list[int]:
        for n in (5, 6, 7):
            tx.insert_deferred_with_id(INSERT_T, [n])
        return [row["n"] for row in tx.all("SELECT n FROM t ORDER BY rowid")]

    assert await db.write(look) == [5, 6, 7]


async def test_each_row_of_a_burst_learns_its_own_id(db: Database) -> None:
    learned: dict[int, int] = {}
    await db.write(lambda tx: tx.execute("CREATE TABLE u (id INTEGER PRIMARY KEY, n INTEGER)"))

    def add(tx: Tx, n: int) -> None:
        insert = "INSERT INTO u (n) VALUES"
        tx.insert_deferred_with_id(insert, [n], lambda row_id: learned.__setitem__(n, row_id))

    await asyncio.gather(*(db.write(lambda tx, n=n: add(tx, n)) for n in range(200, 100, -1)))  # type: ignore[misc]
    rows = await db.all("SELECT id, n FROM u")
    assert learned == {row["n"]: row["id"] for row in rows}
    assert len(rows) == 100


async def test_a_refused_row_that_came_next_fails_its_own_transaction_only(db: Database) -> None:
    await db.write(insert(1))
    results = await asyncio.gather(
        *(db.write(lambda tx, n=n: tx.insert_deferred_with_id(INSERT_T, [n])) for n in (1, 2)),  # type: ignore[misc]
        db.write(lambda tx: tx.all("SELECT n FROM t")),
        return_exceptions=True,
    )
    assert [isinstance(one, Exception) for one in results] == [True, False, False]
    assert await numbers(db) == [1, 2]


async def test_who_joins_a_commit_late_is_asked_too(db: Database) -> None:
    rang: list[str] = []
    late: list[Any] = []
    before = db.commits

    def first(tx: Tx) -> None:
        ask = lambda: late.append(  # noqa: E731
            db.submit(lambda tx: tx.before_commit(lambda: rang.append("late")))
        )
        tx.before_commit(ask)

    await db.write(lambda tx: (insert(1)(tx), first(tx)))
    await asyncio.wrap_future(late[0])
    assert (rang, db.commits - before) == (["late"], 1)


async def test_a_look_sees_one_instant_and_cannot_write(db: Database) -> None:
    written = asyncio.Event()
    loop = asyncio.get_running_loop()
    seen = threading.Event()

    def look(tx: Tx) -> tuple[int, int]:
        before = len(tx.all("SELECT n FROM t"))
        loop.call_soon_threadsafe(written.set)
        assert seen.wait(10)
        return before, len(tx.all("SELECT n FROM t"))

    looking = asyncio.ensure_future(db.read_snapshot(look))
    await written.wait()
    await db.write(insert(1))
    seen.set()
    assert await looking == (0, 0)
    assert await db.read_snapshot(lambda tx: len(tx.all("SELECT n FROM t"))) == 1
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        await db.read_snapshot(insert(2))


@pytest.mark.parametrize("read", ["read", "read_snapshot"])
async def test_a_closed_database_is_not_opened_again_to_read(tmp_path: Path, read: str) -> None:
    db = await Database.open(tmp_path / "box.sqlite3", ManualClock())
    await getattr(db, read)(lambda tx: tx.all("SELECT 1"))
    await db.close()
    with pytest.raises(Unavailable, match="the database is closed"):
        await getattr(db, read)(lambda tx: tx.all("SELECT 1"))


@pytest.mark.parametrize("read", ["all", "one", "few", "by_key"])
async def test_a_closed_database_says_so_to_who_reads_rows(tmp_path: Path, read: str) -> None:
    db = await Database.open(tmp_path / "box.sqlite3", ManualClock())
    assert await getattr(db, read)("SELECT ?", (1,))
    await db.close()
    with pytest.raises(Unavailable, match="the database is closed"):
        await getattr(db, read)("SELECT ?", (1,))


async def test_a_read_that_runs_when_the_database_is_closed_is_finished_or_refused(
    tmp_path: Path,
) -> None:
    db = await Database.open(tmp_path / "box.sqlite3", ManualClock())
    reading = [asyncio.ensure_future(db.all("SELECT ?", (n,))) for n in range(30)]
    await asyncio.sleep(0)
    await db.close()
    answers = await asyncio.gather(*reading, return_exceptions=True)
    assert {type(answer) for answer in answers} <= {list, Unavailable}


async def test_a_write_whose_task_is_cancelled_is_committed_and_nobody_is_told(
    db: Database,
) -> None:
    troubles: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, trouble: troubles.append(trouble))
    begun, go_on = threading.Event(), threading.Event()

    def slowly(tx: Tx) -> None:
        begun.set()
        go_on.wait(10)
        insert(1)(tx)

    writing = asyncio.ensure_future(db.write(slowly))
    await asyncio.to_thread(begun.wait, 10)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    go_on.set()
    await db.write(insert(2))
    assert sorted(await numbers(db)) == [1, 2]
    assert troubles == []


async def test_the_writer_survives_a_loop_that_is_gone_when_its_write_is_committed(
    db: Database,
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slowly(tx: Tx) -> None:
        begun.set()
        go_on.wait(10)
        insert(1)(tx)

    def give_up() -> None:
        loop = asyncio.new_event_loop()
        writing = loop.create_task(db.write(slowly))
        loop.run_until_complete(asyncio.sleep(0))
        begun.wait(10)
        writing.cancel()
        loop.run_until_complete(asyncio.gather(writing, return_exceptions=True))
        loop.close()

    await asyncio.to_thread(give_up)
    go_on.set()
    await asyncio.wait_for(db.write(insert(2)), 10)
    assert sorted(await numbers(db)) == [1, 2]
