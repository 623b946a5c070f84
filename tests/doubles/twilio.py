"""A real web server on loopback that speaks the part of Twilio's API that the box uses.

Every request is held against Twilio's published description; what does not fit is refused, as
Twilio would, and kept in `faults` for the test to see.
"""

import base64
import json
import socket
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.doubles.loopback import Loopback, has_hung_up
from tests.doubles.twilio_description import check

ACCOUNT, SERVICE, TOKEN = f"AC{'1' * 32}", f"MG{'2' * 32}", "token"
HOLD_SECONDS = 60.0
_SMART = str.maketrans(
    {"\u00bd": "1/2", "\u2044": "/", "\u02bb": "'", "\u02d0": ":", "\u2043": "-"}
)
LOOK_SECONDS = 0.01


class TwilioDouble(Loopback):
    """Keeps what was sent. `script` says what comes next, one word for a message to create.

    A pair is an error: status and code. `lost` takes the message and ends the connection without
    a word; `held` takes it and says nothing until the caller is gone; `ignored` says nothing until
    then and takes nothing. `list_script` says the same of questions: `held` or
    `refused`.
    `outcomes` has what it tells of a message beyond that it is queued, by its name; `refusal` is
    what an error says.
    """

    def __init__(self, now: float | None) -> None:
        self.now = now
        self.sent: list[dict[str, str]] = []
        self.listed = 0
        self.fetched: list[str] = []
        self.asked: list[str] = []
        self.faults: list[str] = []
        self.script: list[tuple[int, int] | str] = []
        self.refusal = "no"
        self.problems = False
        """Whether errors are problem documents (RFC 9457)."""
        self.delay = 0.0
        """Seconds between taking a message and saying so."""
        self.headers: dict[str, str] = {}
        """Of each error."""
        self.account = "active"
        """How the account stands: `active`, `suspended` or `closed`."""
        self.list_script: list[str] = []
        self.outcomes: dict[str, dict[str, Any]] = {}
        self.waiting = threading.Semaphore(0)
        """One for each request that is held."""
        self._released = threading.Event()
        handler = type("Handler", (_Handler,), {"double": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True

    def message(self, form: dict[str, str]) -> dict[str, Any]:
        """What it says of a message, in the shape of `api.v2010.account.message`."""
        return {
            "account_sid": ACCOUNT,
            "sid": form["Sid"],
            "to": form["To"],
            "from": None,
            "messaging_service_sid": form.get("MessagingServiceSid"),
            "body": _kept(form),
            "direction": "outbound-api",
            "status": "queued",
            "date_created": form["Created"],
            "num_segments": "1",
            "num_media": "0",
            "price": None,
            "price_unit": "USD",
            "error_code": None,
            "error_message": None,
            **self.outcomes.get(form["Sid"], {}),
        }

    def hold(self, caller: socket.socket) -> None:
        """Keep the caller waiting until it is gone."""
        self.waiting.release()
        end = time.monotonic() + HOLD_SECONDS
        while time.monotonic() < end and not self._released.wait(LOOK_SECONDS):
            if has_hung_up(caller):
                return

    def release(self) -> None:
        """Hang up on all that are held, and hold nobody any more."""
        self._released.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def toml(self) -> str:
        """The configuration of a box that sends through it."""
        return f"""
[sms]
account_sid = "{ACCOUNT}"
auth_token = "{TOKEN}"
messaging_service_sid = "{SERVICE}"
api_base_url = "{self.url}"
"""


def _kept(form: dict[str, str]) -> str:
    """The text as Twilio keeps it, which with `SmartEncoded` is not what it was given.

    Some of the characters that its page on smart encoding lists.
    """
    smart = form.get("SmartEncoded", "").lower() == "true"
    return form["Body"].translate(_SMART) if smart else form["Body"]


class _Handler(BaseHTTPRequestHandler):
    double: TwilioDouble

    def do_POST(self) -> None:
        self._serve()

    def do_GET(self) -> None:
        self._serve()

    def _serve(self) -> None:
        double = self.double
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        found = check(self.command, self.path, self.headers.get("Content-Type", ""), body)
        key = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {key}":
            self._refuse(401, 20003)
            return
        double.asked.append(found.operation or self.path)
        if found.faults:
            double.faults += found.faults
            self._refuse(400, 21601)
            return
        answers = {
            "FetchAccount": self._account,
            "CreateMessage": self._create,
            "ListMessage": self._list,
            "FetchMessage": self._fetch,
        }
        answers[found.operation](found.values)

    def _account(self, path: dict[str, str]) -> None:
        self._reply(200, {"sid": path["Sid"], "status": self.double.account, "type": "Full"})

    def _create(self, form: dict[str, str]) -> None:
        double = self.double
        answer = double.script.pop(0) if double.script else "kept"
        if isinstance(answer, tuple):
            self._refuse(*answer)
            return
        if answer == "ignored":
            self._hold()
            return
        form["Sid"] = f"SM{len(double.sent):032d}"
        form["Created"] = formatdate(time.time() if double.now is None else double.now)
        double.sent.append(form)
        if answer == "lost":
            self.close_connection = True
        elif answer == "held":
            self._hold()
        else:
            time.sleep(double.delay)
            self._reply(201, double.message(form))

    def _list(self, query: dict[str, str]) -> None:
        double = self.double
        double.listed += 1
        answer = double.list_script.pop(0) if double.list_script else "told"
        if answer == "held":
            self._hold()
            return
        if answer == "refused":
            self._refuse(401, 20003)
            return
        to = query.get("To")
        found = [double.message(form) for form in double.sent if to in (None, form["To"])]
        self._reply(
            200,
            {
                "messages": found[::-1],
                "page": 0,
                "page_size": int(query.get("PageSize", "50")),
                "start": 0,
                "end": len(found),
                "next_page_uri": None,
                "previous_page_uri": None,
                "first_page_uri": self.path,
                "uri": self.path,
            },
        )

    def _fetch(self, path: dict[str, str]) -> None:
        double = self.double
        double.fetched.append(path["Sid"])
        for form in double.sent:
            if form["Sid"] == path["Sid"]:
                self._reply(200, double.message(form))
                return
        self._refuse(404, 20404)

    def _hold(self) -> None:
        self.double.hold(self.connection)
        self.close_connection = True

    def _refuse(self, status: int, code: int) -> None:
        said = {"status": status, "code": code, "message": self.double.refusal}
        problem = {"type": "https://errors.example/x", "title": self.double.refusal}
        self._reply(status, {**said, **problem} if self.double.problems else said)

    def _reply(self, status: int, answer: Any) -> None:
        text = json.dumps(answer).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            for name, value in (self.double.headers if status >= 400 else {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)
        except OSError:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass
