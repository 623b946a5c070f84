"""Real CalDAV servers on loopback: processes that can be killed and started again."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

import httpx

from tests.free_port import free_port

USER, PASSWORD = "ada", "app-pass-55dd"
_MKCALENDAR = """<?xml version="1.0"?><c:mkcalendar xmlns:d="DAV:"
 xmlns:c="urn:ietf:params:xml:ns:caldav"><d:set><d:prop><d:displayname>{name}</d:displayname>
 <c:supported-calendar-component-set><c:comp name="{kind}"/></c:supported-calendar-component-set>
 </d:prop></d:set></c:mkcalendar>"""
_NAMES = '<d:propfind xmlns:d="DAV:"><d:prop><d:getetag/></d:prop></d:propfind>'
START_SECONDS = 30.0


class DavServer:
    """`with Radicale(folder) as server:` serves from the folder at `server.url`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.http = httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}", auth=(USER, PASSWORD), trust_env=False
        )
        self.password = PASSWORD
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def command(self) -> list[str]:
        raise NotImplementedError

    def home(self) -> str:
        raise NotImplementedError

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self.http.close()

    def start(self, password: str = PASSWORD) -> None:
        """Serve from the folder, for that password where the server asks for one."""
        self.password = password
        log = (self.folder / "server.log").open("ab")
        with log:
            self._process = subprocess.Popen(self.command(), stdout=log, stderr=log)
        until = time.monotonic() + START_SECONDS
        while True:
            try:
                self.http.request("OPTIONS", "/")
                return
            except httpx.TransportError:
                assert self._process.poll() is None, (self.folder / "server.log").read_text()
                assert time.monotonic() < until, "the server does not answer"
                time.sleep(0.05)

    def kill(self) -> None:
        """As a machine that loses its power."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def make(self, name: str, kind: str) -> str:
        """Make a calendar (VEVENT) or a task list (VTODO); its path."""
        path = f"{self.home()}{name.lower()}/"
        body = _MKCALENDAR.format(name=name, kind=kind)
        answer = self.http.request("MKCALENDAR", path, content=body)
        assert answer.status_code == 201, answer.text
        return path

    def put(self, path: str, text: str, **headers: str) -> httpx.Response:
        named = {"Content-Type": "text/calendar; charset=utf-8", **headers}
        answer = self.http.put(path, content=text.encode(), headers=named)
        assert answer.status_code in (200, 201, 204), answer.text
        return answer

    def put_as(self, password: str, path: str, text: str) -> None:
        """The same with another password."""
        self.http.auth = (USER, password)
        self.put(path, text)

    def read(self, path: str) -> str:
        answer = self.http.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    def delete(self, path: str) -> None:
        answer = self.http.delete(path)
        assert answer.status_code in (200, 204), answer.text

    def paths(self, collection: str) -> list[str]:
        """What is in a collection."""
        headers = {"Depth": "1", "Content-Type": "application/xml"}
        answer = self.http.request("PROPFIND", collection, headers=headers, content=_NAMES)
        assert answer.status_code == 207, answer.text
        return sorted(set(re.findall(r">([^<>]+\.ics)</", answer.text)))


class Radicale(DavServer):
    def command(self) -> list[str]:
        config, users = self.folder / "config", self.folder / "users"
        users.write_text(f"{USER}:{self.password}\n", "utf-8")
        config.write_text(
            f"[server]\nhosts = 127.0.0.1:{self.port}\n"
            f"[auth]\ntype = htpasswd\nhtpasswd_filename = {users}\nhtpasswd_encryption = plain\n"
            f"delay = 0\n"
            f"[storage]\nfilesystem_folder = {self.folder / 'data'}\n",
            "utf-8",
        )
        return [sys.executable, "-m", "radicale", "--config", str(config)]

    def home(self) -> str:
        return f"/{USER}/"


class Xandikos(DavServer):
    def command(self) -> list[str]:
        data = self.folder / "data"
        return [
            *(sys.executable, "-m", "xandikos", "serve", "-d", str(data), "--defaults"),
            *("--current-user-principal", f"/{USER}/", "-l", "127.0.0.1", "-p", str(self.port)),
            *("--state-dir", str(self.folder / "state"), "--no-detect-systemd"),
        ]

    def home(self) -> str:
        return f"/{USER}/calendars/"


SERVERS = {"radicale": Radicale, "xandikos": Xandikos}
