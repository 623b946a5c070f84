"""The data folder must be on a disk of this machine (docs/spec.md#one-process)."""

from pathlib import Path

import pytest

from buildos_box.app import Box, Environment
from buildos_box.db.mounts import file_system, refuse_network
from buildos_box.errors import Unprocessable
from buildos_box.settings import DataSettings, Settings
from buildos_box.upkeep import local_checks
from tests.world import open_world

ROOT = "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard"
PROC = "22 27 0:21 / /proc rw,relatime - proc proc rw"


def mounts(folder: Path, *lines: str) -> Path:
    """A file like /proc/self/mountinfo with those mounts over a root of ext4."""
    file = folder / "mountinfo"
    file.write_text("\n".join([PROC, ROOT, *lines]) + "\n", "utf-8")
    return file


def mount(point: str, system: str, *tags: str) -> str:
    return " ".join(["40", "27", "0:50", "/", point, "rw", *tags, "-", system, "nas:/x", "rw"])


@pytest.mark.parametrize(
    "system",
    ["nfs", "nfs4", "cifs", "smb3", "lustre", "ceph", "fuse.sshfs", "fuse.rclone", "fuse.s3fs"],
)
def test_a_folder_on_another_machine_is_refused(tmp_path: Path, system: str) -> None:
    file = mounts(tmp_path, mount("/srv/box", system, "shared:7", "master:1"))
    with pytest.raises(Unprocessable, match=r"data\.dir: .*disk of this machine") as refused:
        refuse_network(Path("/srv/box/data/not/yet/there"), file)
    assert f"({system})" in refused.value.message
    refuse_network(Path("/srv/boxes"), file)


@pytest.mark.parametrize(
    "system", ["ext4", "xfs", "btrfs", "zfs", "overlay", "tmpfs", "fuseblk", "fuse.mergerfs", "9p"]
)
def test_a_folder_on_a_disk_of_this_machine_is_taken(tmp_path: Path, system: str) -> None:
    refuse_network(Path("/srv/box"), mounts(tmp_path, mount("/srv", system)))


def test_the_nearest_and_latest_mount_counts(tmp_path: Path) -> None:
    file = mounts(
        tmp_path,
        mount("/srv", "nfs4"),
        mount("/srv/disk", "xfs"),
        mount("/over", "xfs"),
        mount("/over", "cifs"),
        mount(r"/with\040space\134", "nfs"),
        "a line of another kernel",
    )
    assert file_system(Path("/srv/box"), file) == "nfs4"
    assert file_system(Path("/srv/disk/box"), file) == "xfs"
    assert file_system(Path("/over/box"), file) == "cifs"
    assert file_system(Path("/with space\\/box"), file) == "nfs"
    assert file_system(Path("/elsewhere"), file) == "ext4"


def test_a_link_is_followed(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    (tmp_path / "link").symlink_to(there)
    file = mounts(tmp_path, mount(str(there.resolve()), "nfs"))
    assert file_system(tmp_path / "link" / "data", file) == "nfs"


def test_where_mounts_are_not_told_nothing_is_refused(tmp_path: Path) -> None:
    refuse_network(tmp_path, tmp_path / "none")


async def test_a_box_on_a_network_is_not_opened_and_makes_no_folder(tmp_path: Path) -> None:
    file = mounts(tmp_path, mount(str(tmp_path.resolve()), "nfs4"))
    data = tmp_path / "data"
    with pytest.raises(Unprocessable, match="network file system"):
        await Box.open(
            Settings(data=DataSettings(dir=str(data))), environment=Environment(mounts=file)
        )
    assert not data.exists()


def test_doctor_doubts_a_folder_that_is_lent_by_the_machine_below(tmp_path: Path) -> None:
    settings = Settings(data=DataSettings(dir=str(tmp_path)))
    file = mounts(tmp_path, mount(str(tmp_path.resolve()), "9p"))
    (found,) = (f for f in local_checks.folder(settings, file) if f.name == "file system")
    assert found.level == "warning"


async def test_doctor_names_it_before_and_after_the_first_start(tmp_path: Path) -> None:
    file = mounts(tmp_path, mount(str(tmp_path.resolve()), "fuse.sshfs"))
    settings = Settings(data=DataSettings(dir=str(tmp_path / "data")))

    def told() -> list[str]:
        found = local_checks.folder(settings, file)
        return [f"{f.message} {f.cure}" for f in found if f.name == "file system"]

    assert len(told()) == 1
    async with open_world(tmp_path / "data"):
        (words,) = told()
    assert "fuse.sshfs" in words
    assert "data.dir" in words
