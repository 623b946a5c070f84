"""The command, on a machine whose name server does not answer for `*.hanging.test`.

usage: python hanging_names.py FOLDER serve …; each look-up that has begun is a file in FOLDER, and
all of them end when the file `end` is there.
"""

import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

from buildos_box.cli.main import main

FOLDER = Path(sys.argv.pop(1))
answering = socket.getaddrinfo


def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
    if not str(host).endswith(".hanging.test"):
        return answering(host, *args, **kwargs)
    (FOLDER / f"look-up-{time.monotonic_ns()}-{os.urandom(4).hex()}").touch()
    while not (FOLDER / "end").exists():
        time.sleep(0.05)
    raise socket.gaierror(socket.EAI_AGAIN, "no answer")


socket.getaddrinfo = getaddrinfo
if __name__ == "__main__":
    main()
