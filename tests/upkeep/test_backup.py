"""Backups are whole, consistent and verifiable (docs/spec.md#backup)."""

import gzip
import hashlib
import io
import os
import random
import resource
import sqlite3
import stat
import subprocess
import tarfile
import zlib
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from buildos_box.db.snapshot import inspect
from buildos_box.errors import Conflict
from buildos_box.upkeep import archive
from buildos_box.upkeep.archive import BadBackup, Manifest, Member, unpack
from buildos_box.upkeep.backup import DamagedSource, backups_in, forget_old, make_backup, verify
from buildos_box.upkeep.cron import back_up
from buildos_box.upkeep.packing import pack
from tests.clock import ManualClock
from tests.world import open_world

DB = archive.DATABASE


async def test_a_backup_holds_the_rows_of_every_table_and_the_keys(tmp_path: Path) -> None:
    async with open_world(tmp_path / "data") as world:
        await world.person("ada", at="09:00")
        await world.project("ada", tasks=3)
        made = make_backup(world.folder, tmp_path / "out", world.clock)
        live = inspect(world.folder / DB)
    staging = tmp_path / "staging"
    staging.mkdir()
    verification = verify(made.path, staging)
    assert verification.ok
    assert verification.counts == live.counts
    assert verification.counts["tasks"] == 3
    assert verification.schema == live.schema
    key = (world.folder / "secret.key").read_bytes()
    assert verification.keys["secret.key"] == archive.fingerprint(key)
    assert (staging / "secret.key").read_bytes() == key
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert [p.name for p in (tmp_path / "out").iterdir()] == [made.path.name]


async def test_the_nightly_backup_keeps_the_newest(tmp_path: Path) -> None:
    async with open_world(tmp_path / "data") as world:
        names = []
        for _ in range(9):
            done = await back_up(world.clock.now(), world.box.services)
            names.append(done.file)
            world.clock.advance(timedelta(days=1))
        kept = [path.name for path in backups_in(world.folder / "backups")]
    assert kept == list(reversed(names))[:7]


def test_only_our_own_names_are_ever_deleted(tmp_path: Path) -> None:
    mine = tmp_path / "photos.tar.gz"
    mine.write_bytes(b"x")
    for n in range(3):
        (tmp_path / f"box-2024010{n}T000000000Z.backup.tar.gz").write_bytes(b"x")
    gone = forget_old(tmp_path, 1)
    assert len(gone) == 2
    assert mine.exists()


async def test_no_backup_replaces_a_file(tmp_path: Path) -> None:
    async with open_world(tmp_path / "data") as world:
        target = tmp_path / "mine.tar.gz"
        target.write_bytes(b"dear")
        with pytest.raises(Conflict):
            make_backup(world.folder, target, world.clock)
    assert target.read_bytes() == b"dear"


async def test_a_folder_without_a_box_is_no_backup(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with pytest.raises(FileNotFoundError, match="no database"):
        make_backup(tmp_path / "data", tmp_path / "out", ManualClock("2024-01-01T00:00:00Z"))


def _tar(path: Path, *entries: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for entry, content in entries:
            if entry.isreg() and entry.size == 0:
                entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return path


def _manifest(*members: Member, format_number: int = 1) -> tuple[tarfile.TarInfo, bytes]:
    manifest = Manifest(
        format=format_number, made_at="2024-01-01T00:00:00.000Z", version="1", schema=1, counts={},
        members=list(members),
    )  # fmt: skip
    return tarfile.TarInfo("manifest.json"), msgspec.json.encode(manifest)


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/evil", "a/../../evil", "box.lock", "secret.key/../../evil"]
)
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    bad = _tar(
        tmp_path / "bad.tar.gz",
        _manifest(Member(DB, 1, "00"), Member(name, 1, "00")),
        (tarfile.TarInfo(name), b"x"),
    )
    _refused(tmp_path, bad)


def test_a_format_of_a_later_program_is_refused(tmp_path: Path) -> None:
    entry = (tarfile.TarInfo(DB), b"x")
    member = Member(DB, 1, hashlib.sha256(b"x").hexdigest())
    later = _tar(tmp_path / "later.tar.gz", _manifest(member, format_number=2), entry)
    (tmp_path / "out").mkdir()
    with pytest.raises(BadBackup, match="its format 2 is not one"):
        unpack(later, tmp_path / "out")


async def test_what_a_killed_backup_has_left_is_removed(tmp_path: Path) -> None:
    left = tmp_path / "out" / ".box-backup-left"
    left.mkdir(parents=True)
    (left / DB).write_bytes(b"half")
    stray = tmp_path / "out" / ".box-backup-stray"
    stray.write_bytes(b"no folder")
    async with open_world(tmp_path / "data") as world:
        make_backup(world.folder, tmp_path / "out", world.clock)
    assert not left.exists()
    assert len(list((tmp_path / "out").glob("*.tar.gz"))) == 1


def test_a_link_is_refused(tmp_path: Path) -> None:
    link = tarfile.TarInfo(DB)
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    _refused(tmp_path, _tar(tmp_path / "bad.tar.gz", _manifest(Member(DB, 1, "00")), (link, b"")))


def test_more_than_the_manifest_tells_of_is_refused(tmp_path: Path) -> None:
    entry = tarfile.TarInfo(DB)
    bad = _tar(tmp_path / "bad.tar.gz", _manifest(Member(DB, 1, "00")), (entry, b"\0" * 50_000_000))
    _refused(tmp_path, bad)


def test_a_member_that_is_not_what_the_manifest_says_is_refused(tmp_path: Path) -> None:
    member = Member(DB, 4, hashlib.sha256(b"good").hexdigest())
    good, bad = (
        _tar(
            tmp_path / f"{content.decode()}.tar.gz",
            _manifest(member),
            (tarfile.TarInfo(DB), content),
        )
        for content in (b"good", b"evil")
    )
    for folder in ("good", "bad"):
        (tmp_path / folder).mkdir()
    assert unpack(good, tmp_path / "good").members == [member]
    with pytest.raises(BadBackup, match="is damaged"):
        unpack(bad, tmp_path / "bad")


async def test_any_program_that_reads_tar_and_gzip_reads_a_backup(tmp_path: Path) -> None:
    async with open_world(tmp_path / "data") as world:
        await world.person("ada")
        made = make_backup(world.folder, tmp_path / "out", world.clock)
    with tarfile.open(made.path) as tar:
        names = tar.getnames()
        manifest = tar.extractfile("manifest.json")
        assert manifest is not None
        assert msgspec.json.decode(manifest.read(), type=Manifest) == made.manifest
        for member in made.manifest.members:
            content = tar.extractfile(member.name)
            assert content is not None
            assert hashlib.sha256(content.read()).hexdigest() == member.sha256
    listed = subprocess.run(["tar", "-tzf", made.path], capture_output=True, text=True, check=True)
    assert (
        names
        == listed.stdout.split()
        == ["manifest.json", *(m.name for m in made.manifest.members)]
    )
    assert listed.stderr == ""


def test_a_manifest_longer_than_the_room_for_it_is_not_written(tmp_path: Path) -> None:
    (tmp_path / DB).write_bytes(b"rows")
    short = _said()
    long = msgspec.structs.replace(short, counts={f"table{n}": n for n in range(100)})
    with pytest.raises(ValueError, match="longer than"):
        pack(tmp_path / "a.tar.gz", {DB: tmp_path / DB}, short, lambda _members: long)


@pytest.mark.parametrize("size", [0, 1, archive.CHUNK - 512, archive.CHUNK, 7 * archive.CHUNK + 5])
def test_a_file_of_any_length_is_packed_in_the_order_of_its_bytes(
    tmp_path: Path, size: int
) -> None:
    """More chunks than are packed at a time, some of which take longer than others."""
    content = b"".join(
        random.Random(n).randbytes(archive.CHUNK) if n % 2 else bytes([n]) * archive.CHUNK
        for n in range(-(-size // archive.CHUNK))
    )[:size]
    (tmp_path / DB).write_bytes(content)
    longest = _said(Member(DB, 1 << 62, "0" * 64))
    manifest = pack(tmp_path / "a.tar.gz", {DB: tmp_path / DB}, longest, lambda m: _said(*m))
    (tmp_path / "out").mkdir()
    assert unpack(tmp_path / "a.tar.gz", tmp_path / "out") == manifest
    assert manifest.members == [Member(DB, size, hashlib.sha256(content).hexdigest())]
    assert (tmp_path / "out" / DB).read_bytes() == content


def _said(*members: Member) -> Manifest:
    return Manifest(format=1, made_at="", version="", schema=1, counts={}, members=[*members])


async def test_a_damaged_database_is_not_backed_up(tmp_path: Path) -> None:
    async with open_world(tmp_path / "data") as world:
        await world.person()
        await world.project()
    with closing(sqlite3.connect(tmp_path / "data" / DB, isolation_level=None)) as raw:
        raw.execute("PRAGMA foreign_keys = OFF")
        raw.execute("UPDATE projects SET user_id = 'nobody'")
    with pytest.raises(DamagedSource, match="nothing was backed up"):
        make_backup(tmp_path / "data", tmp_path / "out", world.clock)
    assert list((tmp_path / "out").iterdir()) == []


async def test_a_backup_that_tells_of_other_rows_or_another_schema_is_not_reliable(
    tmp_path: Path,
) -> None:
    async with open_world(tmp_path / "data") as world:
        await world.person()
    made = make_backup(tmp_path / "data", tmp_path / "out", world.clock)
    unpacked = tmp_path / "unpacked"
    unpacked.mkdir()
    said = unpack(made.path, unpacked)
    false = msgspec.structs.replace(
        said, schema=said.schema + 1, counts={**said.counts, "users": 2}
    )
    files = {member.name: unpacked / member.name for member in said.members}
    pack(tmp_path / "false.tar.gz", files, false, lambda _members: false)
    (tmp_path / "staging").mkdir()
    found = verify(tmp_path / "false.tar.gz", tmp_path / "staging")
    assert (found.ok, len(found.faults)) == (False, 2)
    assert f"its schema is {said.schema}, not" in found.faults[0]
    assert "users has 1 row, not 2" in found.faults[1]


def test_a_member_larger_than_the_disk_is_refused(tmp_path: Path) -> None:
    huge = 1 << 60
    entry = tarfile.TarInfo(DB)
    entry.size = huge
    head = entry.tobuf(tarfile.GNU_FORMAT)
    said, content = _manifest(Member(DB, huge, "00"))
    said.size = len(content)
    padded = content + b"\0" * (-len(content) % 512)
    path = tmp_path / "bad.tar.gz"
    path.write_bytes(gzip.compress(said.tobuf() + padded + head + b"\0" * 4096))
    _refused(tmp_path, path)


@pytest.mark.parametrize("kind", [b"x", b"g", b"L", b"K", b"S"])
def test_a_header_that_unpacks_to_a_gigabyte_stays_out_of_memory(
    tmp_path: Path, kind: bytes
) -> None:
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = kind, 1 << 30
    path = tmp_path / "bad.tar.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(header.tobuf(tarfile.GNU_FORMAT))
        for _ in range(256):
            file.write(b"\0" * (1 << 20))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    _refused(tmp_path, path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


def test_a_manifest_that_is_nested_a_thousand_deep_is_refused(tmp_path: Path) -> None:
    content = b'{"format": 1, "more": ' + b"[" * 100_000
    _refused(tmp_path, _tar(tmp_path / "bad.tar.gz", (tarfile.TarInfo("manifest.json"), content)))


def test_zeros_without_end_behind_it_are_not_unpacked(tmp_path: Path) -> None:
    database = b"\0" * 100
    path = _tar(
        tmp_path / "bad.tar.gz",
        _manifest(Member(DB, 100, hashlib.sha256(database).hexdigest())),
        (tarfile.TarInfo(DB), database),
    )
    with path.open("ab") as file:
        file.write(gzip.compress(b"\0" * (64 << 20)))
    with pytest.raises(BadBackup, match="after its end"):
        unpack(path, tmp_path)


async def test_every_cut_and_every_flipped_byte_that_changes_anything_is_noticed(
    tmp_path: Path,
) -> None:
    async with open_world(tmp_path / "data") as world:
        await world.person("ada")
        made = make_backup(world.folder, tmp_path / "out", world.clock)
    whole = made.path.read_bytes()
    for cut in (0, 10, 200, len(whole) // 2, len(whole) - 600):
        broken = tmp_path / "cut.tar.gz"
        broken.write_bytes(whole[:cut])
        _refused(tmp_path, broken)
    for place in range(30, len(whole) - 600, len(whole) // 25):
        broken = tmp_path / "flipped.tar.gz"
        flipped = whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :]
        if not _says_the_same(flipped, whole):  # from where a run of zeros is copied is no matter
            broken.write_bytes(flipped)
            _refused(tmp_path, broken)


def _says_the_same(packed: bytes, other: bytes) -> bool:
    try:
        return gzip.decompress(packed) == gzip.decompress(other)
    except (OSError, EOFError, zlib.error):
        return False


def _refused(tmp_path: Path, backup: Path) -> None:
    staging = tmp_path / f"staging-{os.urandom(4).hex()}"
    staging.mkdir()
    with pytest.raises(BadBackup):
        verify(backup, staging)
    assert not (tmp_path / "evil").exists()
    assert sum(path.stat().st_size for path in staging.iterdir()) < 3_000_000


def test_headers_that_unpack_to_more_than_is_declared_are_refused(tmp_path: Path) -> None:
    """Each header is small enough, but there are enough of them for a gigabyte."""
    extension = tarfile.TarInfo("././@PaxHeader")
    extension.type, extension.size = tarfile.XHDTYPE, archive.MAX_EXTENSION
    content = b"65536 comment=" + b"a" * (archive.MAX_EXTENSION - 15) + b"\n"
    block = extension.tobuf(tarfile.USTAR_FORMAT) + content
    path = tmp_path / "many.tar.gz"
    with gzip.open(path, "wb", compresslevel=1) as packed:
        for _ in range(500):
            packed.write(block)
    (tmp_path / "out").mkdir()
    with pytest.raises(BadBackup) as refused:
        archive.unpack(path, tmp_path / "out")
    assert "unpacks to more than it declares" in refused.value.message


def test_a_sparse_member_is_refused(tmp_path: Path) -> None:
    """A few bytes that would be read as a file of any size."""
    size = 1 << 30
    manifest, content = _manifest(Member("box.sqlite3", size, "0" * 64))
    member = tarfile.TarInfo("box.sqlite3")
    member.pax_headers = {
        "GNU.sparse.major": "1", "GNU.sparse.minor": "0",
        "GNU.sparse.name": "box.sqlite3", "GNU.sparse.realsize": str(size),
    }  # fmt: skip
    body = b"1\n0\n0\n".ljust(512, b"\0")
    member.size = len(body)
    path = tmp_path / "sparse.tar.gz"
    with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT) as tar:
        tar.addfile(manifest, io.BytesIO(content))
        tar.addfile(member, io.BytesIO(body))
    (tmp_path / "out").mkdir()
    with pytest.raises(BadBackup):
        archive.unpack(path, tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())
