"""Real HTTP servers on loopback that take messages as ntfy, Gotify and Telegram do.

Each refuses what the service itself refuses, in its words, so that a message which it takes would
have been taken there. Written after: ntfy (documentation, "Publish as JSON"; the error codes of its
server), Gotify (its REST API's Swagger description, `POST /message`), Telegram (the Bot API's
`sendMessage`, `ResponseParameters`, and the errors collected in TelegramBotAPI/errors), Matrix
(client-server specification: login, join, send).
"""

import base64
import json
import re
import threading
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.doubles.loopback import Loopback

Reply = tuple[int, dict[str, Any], dict[str, str]]
HELD_SECONDS = 60.0


@dataclass
class Asked:
    """A request as it came in: headers in lower case, the body as it was read from JSON."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class Trouble:
    """What the double answers instead, as often as it says."""

    status: int
    body: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1
    until: threading.Event | None = None


class ChatDouble(Loopback):
    """A chat service: what it took is in `taken`, every request in `seen`."""

    def __init__(self) -> None:
        self.seen: list[Asked] = []
        self.taken: list[dict[str, Any]] = []
        self.troubles: list[Trouble] = []
        self._answered = threading.Lock()
        double = self

        class Handler(BaseHTTPRequestHandler):
            def _serve(self) -> None:
                raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                try:
                    body = json.loads(raw) if raw else None
                except ValueError:
                    body = raw
                asked = Asked(self.command, self.path, headers, body)
                with double._answered:
                    double.seen.append(asked)
                    trouble = double._trouble()
                    status, said, more = double.answer(asked) if trouble is None else (0, {}, {})
                if trouble is not None:
                    if trouble.until is not None:
                        trouble.until.wait(HELD_SECONDS)
                    status, said, more = trouble.status, trouble.body, trouble.headers
                content = json.dumps(said).encode()
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **more}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = _serve

            def log_message(self, *_: object) -> None:
                pass

            def handle(self) -> None:
                try:
                    super().handle()
                except OSError:
                    return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def _trouble(self) -> Trouble | None:
        if not self.troubles:
            return None
        first = self.troubles[0]
        first.times -= 1
        if first.times <= 0:
            self.troubles.pop(0)
        return first

    def answer(self, asked: Asked) -> Reply:
        raise NotImplementedError


def is_json(asked: Asked) -> bool:
    return asked.headers.get("content-type", "").startswith("application/json") and isinstance(
        asked.body, dict
    )


class NtfyDouble(ChatDouble):
    """ntfy, with access control: `phil` has the password `mypass`, nobody may use `secret-ops`."""

    TOPIC = re.compile(r"[-_A-Za-z0-9]{1,64}")
    LIMIT = 4096

    @property
    def template(self) -> str:
        return f"ntfy://phil:mypass@127.0.0.1:{self.port}/{{target}}"

    def answer(self, asked: Asked) -> Reply:
        if (asked.method, asked.path) == ("GET", "/v1/health"):
            return 200, {"healthy": True}, {}
        if (asked.method, urlsplit(asked.path).path) != ("POST", "/"):
            return self.refused(404, 40401, "page not found")
        wanted = base64.b64encode(b"phil:mypass").decode()
        if asked.headers.get("authorization") != f"Basic {wanted}":
            return self.refused(401, 40101, "unauthorized")
        body = asked.body
        if not isinstance(body, dict):
            return self.refused(400, 40017, "invalid request: request body must be message JSON")
        if not isinstance(body.get("topic"), str) or not self.TOPIC.fullmatch(body["topic"]):
            return self.refused(400, 40009, "invalid request: topic invalid")
        if body["topic"] == "secret-ops":
            return self.refused(403, 40301, "forbidden")
        if len(str(body.get("message", "")).encode()) > self.LIMIT:
            return self.refused(413, 41303, "JSON body too large")
        self.taken.append(body)
        made = {"id": f"m{len(self.taken)}", "time": 1, "event": "message", **body}
        return 200, made, {}

    def refused(self, status: int, code: int, error: str) -> Reply:
        return status, {"code": code, "http": status, "error": error}, {}


class GotifyDouble(ChatDouble):
    """Gotify with one application, whose token is `Aada.token-1`."""

    TOKEN = "Aada.token-1"

    @property
    def template(self) -> str:
        return f"gotify://127.0.0.1:{self.port}/{{target}}"

    def answer(self, asked: Asked) -> Reply:
        if (asked.method, asked.path) == ("GET", "/health"):
            return 200, {"health": "green", "database": "green"}, {}
        if (asked.method, asked.path) != ("POST", "/message"):
            return self.refused(404, "page not found")
        if asked.headers.get("x-gotify-key") != self.TOKEN:
            why = "you need to provide a valid access token or user credentials to access this api"
            return self.refused(401, why)
        if not is_json(asked):
            return self.refused(400, "Field 'message' is required")
        if not asked.body.get("message"):
            return self.refused(400, "Field 'message' is required")
        if not isinstance(asked.body.get("priority", 0), int):
            return self.refused(400, "json: cannot unmarshal string into field priority")
        self.taken.append(asked.body)
        return 200, {"id": len(self.taken), "appid": 5, "date": "2024-10-23", **asked.body}, {}

    def refused(self, status: int, why: str) -> Reply:
        names = {400: "Bad Request", 401: "Unauthorized", 404: "Not Found"}
        said = {"error": names[status], "errorCode": status, "errorDescription": why}
        return status, said, {}


class _Html(HTMLParser):
    """The tags of Telegram's HTML mode, each closed where it must be."""

    KNOWN = frozenset({"b", "strong", "i", "em", "u", "s", "a", "code", "pre", "blockquote"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.fault = ""
        self.text = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag not in self.KNOWN:
            self.fault = f'Unsupported start tag "{tag}"'
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.fault = f'Unmatched end tag "{tag}"'

    def handle_data(self, data: str) -> None:
        self.text += data


class TelegramDouble(ChatDouble):
    """The Bot API with one bot; chat 4711 has started it, chat 666 has blocked it."""

    TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
    CHATS = (4711, -100123)

    @property
    def template(self) -> str:
        return f"tgram://{self.TOKEN}/{{target}}"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, asked: Asked) -> Reply:
        bot, _, method = asked.path.removeprefix("/").partition("/")
        if bot != f"bot{self.TOKEN}":
            return self.refused(401, "Unauthorized")
        if method == "getMe":
            return 200, {"ok": True, "result": {"id": 1, "is_bot": True, "first_name": "Box"}}, {}
        if method != "sendMessage":
            return self.refused(404, "Not Found")
        if not is_json(asked):
            return self.refused(400, "Bad Request: chat_id is empty")
        chat, text = asked.body.get("chat_id"), asked.body.get("text")
        if not text:
            return self.refused(400, "Bad Request: message text is empty")
        if chat == 666:
            return self.refused(403, "Forbidden: bot was blocked by the user")
        if chat not in self.CHATS:
            return self.refused(400, "Bad Request: chat not found")
        if asked.body.get("parse_mode") == "HTML":
            read = _Html()
            read.feed(text)
            read.close()
            if read.fault or read.open:
                why = read.fault or "Can't find end tag"
                return self.refused(400, f"Bad Request: can't parse entities: {why}")
            text = read.text
        if len(text) > 4096:
            return self.refused(400, "Bad Request: message is too long")
        self.taken.append({"chat_id": chat, "text": text})
        made = {"message_id": len(self.taken), "date": 1, "chat": {"id": chat}, "text": text}
        return 200, {"ok": True, "result": made}, {}

    def refused(self, status: int, description: str) -> Reply:
        return status, {"ok": False, "error_code": status, "description": description}, {}


class MatrixDouble(ChatDouble):
    """A homeserver on which the account `box` may join the room `!abc:example.org`."""

    ROOM, PASSWORD, TOKEN = "!abc:example.org", "pw-of-the-box", "syt_box_token"

    @property
    def template(self) -> str:
        return f"matrix://box:{self.PASSWORD}@127.0.0.1:{self.port}/{{target}}"

    def answer(self, asked: Asked) -> Reply:
        path = unquote(urlsplit(asked.path).path)
        if path == "/_matrix/client/versions":
            return 200, {"versions": ["v1.11"]}, {}
        if path.endswith("/login") and asked.method == "POST":
            if asked.body.get("password") != self.PASSWORD:
                return 403, {"errcode": "M_FORBIDDEN", "error": "Invalid password"}, {}
            made = {"user_id": "@box:example.org", "access_token": self.TOKEN, "device_id": "D"}
            return 200, {**made, "home_server": "example.org"}, {}
        if asked.headers.get("authorization") != f"Bearer {self.TOKEN}":
            return 401, {"errcode": "M_UNKNOWN_TOKEN", "error": "Unrecognised access token"}, {}
        if f"/join/{self.ROOM}" in path or path.endswith(f"/rooms/{self.ROOM}/join"):
            return 200, {"room_id": self.ROOM}, {}
        if f"/rooms/{self.ROOM}/send/m.room.message" in path and asked.method == "PUT":
            if not asked.body.get("body") or not asked.body.get("msgtype"):
                return 400, {"errcode": "M_BAD_JSON", "error": "body is required"}, {}
            self.taken.append(asked.body)
            return 200, {"event_id": f"$event{len(self.taken)}"}, {}
        if path.endswith("/logout"):
            return 200, {}, {}
        return 404, {"errcode": "M_UNRECOGNIZED", "error": "Unrecognized request"}, {}
