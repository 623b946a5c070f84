"""What a restore leaves behind, so that nothing goes out twice (docs/spec.md#restore)."""

from datetime import timedelta
from pathlib import Path

from buildos_box.db import Database, Tx, epoch_store
from tests.clock import ManualClock


async def test_the_newest_epoch_is_finished_once(tmp_path: Path) -> None:
    clock = ManualClock()
    first, second = clock.now(), clock.now() + timedelta(hours=1)
    db = await Database.open(tmp_path / "box.sqlite3", clock)

    def restored(tx: Tx) -> None:
        assert epoch_store.unfinished(tx) is None
        assert epoch_store.notified_until(tx) is None
        epoch_store.begin(tx, first, backup_at=None, resume_sends=False)
        epoch_store.begin(tx, second, backup_at="2024-10-23T07:00:00.000Z", resume_sends=True)
        newest = epoch_store.unfinished(tx)
        assert newest is not None
        assert (newest.number, newest.started_at, newest.resume_sends) == (2, second, True)
        assert epoch_store.notified_until(tx) == first
        epoch_store.finish(tx, second)
        assert epoch_store.unfinished(tx) is None
        assert epoch_store.notified_until(tx) == first

    try:
        await db.write(restored)
    finally:
        await db.close()
