"""The file system of a folder: SQLite's locks need one of this machine.

The rules: docs/spec.md#one-process.
"""

import re
from pathlib import Path

from buildos_box.errors import Unprocessable

MOUNTS = Path("/proc/self/mountinfo")
NETWORK = frozenset(
    {"afs", "beegfs", "ceph", "cifs", "coda", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs",
     "nfs4", "orangefs", "smb", "smb2", "smb3", "smbfs"}
)  # fmt: skip
NETWORK_FUSE = frozenset(
    {"ceph", "cephfs", "davfs", "davfs2", "gcsfuse", "glusterfs", "goofys", "juicefs", "rclone",
     "s3fs", "smbnetfs", "sshfs"}
)  # fmt: skip
"""Network file systems that are mounted as `fuse.…`; other FUSE file systems are local."""
FROM_HOST = frozenset({"9p", "vboxsf", "virtiofs", "fuse.grpcfuse", "fuse.vmhgfs-fuse"})
"""A host's folder in a virtual machine, or the disk of a sandbox: allowed, with a warning."""
_ESCAPED = re.compile(r"\\([0-7]{3})")


def file_system(folder: Path, mounts: Path = MOUNTS) -> str:
    """The type of the file system that a path is on or would be on; empty if it is unknown."""
    where = folder.resolve()
    longest, found = -1, ""
    try:
        lines = mounts.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return ""
    for line in lines:
        # proc(5): the fields of a mount, optional tags, a dash, the fields of its file system.
        left, _, right = line.partition(" - ")
        fields, system = left.split(" "), right.partition(" ")[0]
        if len(fields) < 5 or not system:
            continue
        point = Path(_ESCAPED.sub(lambda code: chr(int(code[1], 8)), fields[4]))
        # Of two mounts at the same path the later one is visible.
        if where.is_relative_to(point) and len(point.parts) >= longest:
            longest, found = len(point.parts), system
    return found


def is_network(system: str) -> bool:
    """Whether files of that file system type are on another machine."""
    return system in NETWORK or system.removeprefix("fuse.") in NETWORK_FUSE


def refuse_network(folder: Path, mounts: Path = MOUNTS) -> None:
    """Raise Unprocessable if the folder is on a network file system."""
    system = file_system(folder, mounts)
    if is_network(system):
        raise Unprocessable.field(
            "data.dir",
            f"{folder} lies on a network file system ({system}), where SQLite's locks do not "
            "hold; move the folder to a disk of this machine and name that",
        )
