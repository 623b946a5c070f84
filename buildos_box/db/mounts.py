"""Which file system a folder lies on: SQLite's log needs one of this very machine.

The rules: docs/spec.md#one-process.
"""

import re
from pathlib import Path

from buildos_box.errors import Impossible

MOUNTS = Path("/proc/self/mountinfo")
NETWORK = frozenset(
    {"afs", "beegfs", "ceph", "cifs", "coda", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs",
     "nfs4", "orangefs", "smb", "smb2", "smb3", "smbfs"}
)  # fmt: skip
NETWORK_FUSE = frozenset(
    {"ceph", "cephfs", "davfs", "davfs2", "gcsfuse", "glusterfs", "goofys", "juicefs", "rclone",
     "s3fs", "smbnetfs", "sshfs"}
)  # fmt: skip
"""What is mounted as `fuse.…`; others of that kind lie on a disk of this machine."""
FROM_HOST = frozenset({"9p", "vboxsf", "virtiofs", "fuse.grpcfuse", "fuse.vmhgfs-fuse"})
"""A folder of the machine below a virtual one, or the whole disk of a sandbox: it may do."""
_ESCAPED = re.compile(r"\\([0-7]{3})")


def file_system(folder: Path, mounts: Path = MOUNTS) -> str:
    """The type of file system that a path lies on or would; empty where that is not told."""
    where = folder.resolve()
    longest, found = -1, ""
    try:
        lines = mounts.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return ""
    for line in lines:
        # proc(5): fields of a mount, any number of tags, a dash, fields of its file system.
        left, _, right = line.partition(" - ")
        fields, system = left.split(" "), right.partition(" ")[0]
        if len(fields) < 5 or not system:
            continue
        point = Path(_ESCAPED.sub(lambda code: chr(int(code[1], 8)), fields[4]))
        # Of two at the same place the later one covers the earlier.
        if where.is_relative_to(point) and len(point.parts) >= longest:
            longest, found = len(point.parts), system
    return found


def is_network(system: str) -> bool:
    """Whether the files of such a file system lie on another machine."""
    return system in NETWORK or system.removeprefix("fuse.") in NETWORK_FUSE


def refuse_network(folder: Path, mounts: Path = MOUNTS) -> None:
    """Raise Impossible if the folder lies on another machine."""
    system = file_system(folder, mounts)
    if is_network(system):
        raise Impossible.field(
            "data.dir",
            f"{folder} lies on a network file system ({system}), where SQLite's locks do not "
            "hold; move the folder to a disk of this machine and name that",
        )
