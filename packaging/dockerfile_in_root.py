"""Runs the Dockerfile's own steps where no container engine runs, and tries what comes out.

    debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates trixie ROOT
    python3 packaging/dockerfile_in_root.py ROOT

ROOT stands in for the image named in FROM. Each stage gets a copy of it; RUN runs in a chroot,
COPY copies. The result is then started as the Dockerfile says: its user, its environment, as
process 1, on a read-only root in which only the volume can be written, with a network of its own.
It must be healthy within three seconds by the HEALTHCHECK, and end with 0 on SIGTERM. Needs root
and bwrap.
"""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

CONTEXT = Path(__file__).resolve().parent.parent
PASSED_ON = ("PIP_", "SSL_")
HEALTHY_WITHIN = 3.0
LAST_TRY = 60.0


class Stage:
    """One FROM: a root and what the steps have said so far."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.env: dict[str, str] = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin"}
        self.cwd, self.user = "/", "0"
        self.said: dict[str, Any] = {}

    def run(self, command: str) -> None:
        """In a chroot, as root, with the machine's ways to the package registry."""
        env = {**self.env, **{k: v for k, v in os.environ.items() if k.startswith(PASSED_ON)}}
        shell = ["chroot", str(self.root), "/bin/sh", "-c", f"cd {self.cwd} && {command}"]
        subprocess.run(shell, env=env, check=True)

    def copy(self, sources: list[Path], target: str) -> None:
        """As COPY does: a folder's content, or files."""
        into = self.root / (Path(self.cwd) / target).as_posix().lstrip("/")
        for source in sources:
            if source.is_dir():
                shutil.copytree(source, into, dirs_exist_ok=True, symlinks=True)
            else:
                place = into / source.name if target.endswith("/") else into
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, place)


def steps(text: str) -> list[tuple[str, str]]:
    """(instruction, the rest) of each line."""
    joined = text.replace("\\\n", " ")
    lines = [line for line in joined.splitlines() if line.strip() and not line.startswith("#")]
    return [(word.upper(), rest) for word, _, rest in (line.partition(" ") for line in lines)]


def build(base: Path, work: Path) -> Stage:
    """Every stage in turn; returns the last."""
    stages: dict[str, Stage] = {}
    stage: Stage | None = None
    for word, rest in steps((CONTEXT / "Dockerfile").read_text("utf-8")):
        print(f"== {word} {rest}", flush=True)
        if word == "FROM":
            stage = Stage(work / str(len(stages)))
            stages[rest.rpartition(" AS ")[2]] = stage
            prepare(base, stage.root)
            continue
        assert stage is not None
        match word:
            case "WORKDIR":
                stage.cwd = rest
                (stage.root / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
            case "COPY":
                words = shlex.split(rest)
                origin = re.fullmatch(r"--from=(.+)", words[0])
                folder = stages[origin[1]].root if origin else CONTEXT
                *names, target = words[1:] if origin else words
                stage.copy([folder / name.lstrip("/") for name in names], target)
            case "RUN":
                stage.run(rest)
            case "ARG":
                stage.env |= dict([shlex.split(rest)[0].split("=", 1)])
            case "ENV":
                stage.env |= dict(pair.split("=", 1) for pair in shlex.split(rest))
            case "USER":
                stage.user = rest
            case "HEALTHCHECK":
                stage.said[word] = json.loads(rest.partition("CMD ")[2])
            case "ENTRYPOINT" | "CMD":
                stage.said[word] = json.loads(rest)
            case "VOLUME":
                stage.said[word] = rest
            case "STOPSIGNAL":
                stage.said[word] = rest
            case "EXPOSE":
                pass
            case _:
                raise SystemExit(f"this script does not know {word}")
    assert stage is not None
    return stage


def prepare(base: Path, root: Path) -> None:
    """A copy of the base that answers to `python`, as the image does, and knows whom to trust."""
    subprocess.run(["cp", "-a", str(base), str(root)], check=True)
    python = root / "usr/local/bin/python"
    if not python.exists():
        python.symlink_to("/usr/bin/python3")
    for file in ("etc/resolv.conf", "etc/ssl/certs/ca-certificates.crt", "etc/pip.conf"):
        if (there := Path("/") / file).exists():
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(there, root / file)


def start(stage: Stage) -> tuple["subprocess.Popen[bytes]", int]:
    """As process 1, as its user, on a read-only root; and the id that it has outside."""
    volume, uid = stage.said["VOLUME"], stage.user
    data = stage.root.parent / "volume"
    data.mkdir(mode=0o700)
    os.chown(data, int(uid), int(uid))
    env = [part for pair in stage.env.items() for part in ("--setenv", *pair)]
    box = ["bwrap", "--ro-bind", str(stage.root), "/", "--bind", str(data), volume]
    box += ["--proc", "/proc", "--dev", "/dev", "--unshare-pid", "--unshare-net", "--unshare-ipc"]
    box += ["--as-pid-1", "--clearenv", *env, "--chdir", stage.cwd]
    box += ["--uid", uid, "--gid", uid, "--unshare-user", "--cap-drop", "ALL"]
    told, tell = os.pipe()
    box += ["--info-fd", str(tell)]
    command = [*box, *stage.said["ENTRYPOINT"], *stage.said["CMD"]]
    lower = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", *command]
    process = subprocess.Popen(lower, pass_fds=(tell,))
    os.close(tell)
    with os.fdopen(told) as file:
        return process, int(json.load(file)["child-pid"])


def inside(pid: int, stage: Stage, command: list[str]) -> int:
    """Run it in the same namespaces, as the engine does with a HEALTHCHECK or `exec`."""
    env = ["env", "-i", *(f"{name}={value}" for name, value in stage.env.items())]
    enter = [
        "nsenter",
        "--all",
        "--target",
        str(pid),
        "--setuid",
        stage.user,
        "--setgid",
        stage.user,
        *env,
        *command,
    ]
    return subprocess.run(enter, capture_output=True, check=False).returncode


def main() -> None:
    """Build, start, look, stop."""
    base = Path(sys.argv[1]).resolve()
    # Its user has to reach what lies in here.
    work = Path(tempfile.mkdtemp(prefix="box-root-"))
    work.chmod(0o755)
    try:
        stage = build(base, work)
        began = time.monotonic()
        process, pid = start(stage)
        while inside(pid, stage, stage.said["HEALTHCHECK"]) != 0:
            assert process.poll() is None, "it ended by itself"
            assert time.monotonic() - began < LAST_TRY, "it is not healthy"
            time.sleep(0.1)
        seconds = time.monotonic() - began
        print(f"healthy after {seconds:.2f} s, as user {stage.user}", flush=True)
        for place in ("/", "/opt/box", "/tmp", "/var", "/etc"):
            assert inside(pid, stage, ["touch", f"{place}/x"]) != 0, f"{place} can be written"
        assert inside(pid, stage, ["touch", f"{stage.said['VOLUME']}/x"]) == 0
        print(f"only {stage.said['VOLUME']} can be written", flush=True)
        extras = "import apprise, obstore.store, pyrage"
        assert inside(pid, stage, ["python", "-c", extras]) == 0, "an extra is missing"
        print("the extras chat and s3 are there", flush=True)
        os.kill(pid, signal.Signals[stage.said["STOPSIGNAL"]])
        assert process.wait(timeout=60) == 0, process.returncode
        print(f"{stage.said['STOPSIGNAL']} to process 1: ended with 0", flush=True)
        if seconds > HEALTHY_WITHIN:
            raise SystemExit(f"healthy only after {seconds:.1f} s")
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
