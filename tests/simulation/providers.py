"""The world outside: a mail relay, Twilio and a language model, each with its bad days."""

import asyncio
import json
import quopri
import random
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.header import decode_header, make_header
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import requests

from buildos_box.errors import TransientError
from buildos_box.mail.transport_errors import OutcomeUnknown
from buildos_box.services import NO_CONTEXT, MailContext
from tests.simulation import model_dialects
from tests.simulation.machine import Plug
from tests.simulation.virtual_time_loop import SimClock, VirtualLoop

Tell = Callable[..., None]
FOLD = re.compile(r"\r\n(?=[ \t])")
BOUNDARY = re.compile(r'boundary="([^"]+)"')


@dataclass
class Trouble:
    """What ails each provider now: set and lifted by the timeline."""

    modes: dict[str, str] = field(default_factory=dict)

    def of(self, provider: str) -> str:
        return self.modes.get(provider, "well")


GREYLISTED_SECONDS = 600.0


class Relay:
    """A mail relay: takes messages, and may say so late, or not at all.

    `greylists` refuses each recipient for ten minutes from their first mail on; `closing` answers
    421 to the message's end.
    """

    def __init__(self, loop: VirtualLoop, trouble: Trouble, tell: Tell, rng: random.Random) -> None:
        self._loop = loop
        self._trouble = trouble
        self._first_seen: dict[str, float] = {}
        self._tell = tell
        self._rng = rng
        self.plug: Plug | None = None

    async def close(self) -> None:
        """Nothing is kept open."""

    async def send(
        self, email_id: str, recipient: str, message: bytes, about: MailContext = NO_CONTEXT
    ) -> str:
        assert self.plug is not None
        self.plug.at("before effect")
        mode = self._trouble.of("relay")
        await asyncio.sleep(0.05)
        self.plug.at("in effect")
        if mode == "down":
            raise TransientError("the mail server is out of reach", code="smtp")
        if mode == "busy":
            raise TransientError("the mail server answered 451", code="smtp_451")
        if mode == "closing":
            raise TransientError("the mail server answered 421: 4.7.28", code="smtp_421")
        if self._greylists(recipient, mode):
            raise TransientError("the mail server answered 450: greylisted", code="smtp_450")
        if mode == "slow":
            await asyncio.sleep(self._rng.uniform(20, 50))
            self.plug.at("in effect")
        self._accept(recipient, message, lost=mode == "lost")
        if mode == "lost":
            raise OutcomeUnknown("the mail server left no answer")
        self.plug.at("after effect")
        return f"250 ok {email_id}"

    def _greylists(self, recipient: str, mode: str) -> bool:
        if mode != "greylists":
            self._first_seen.clear()
            return False
        now = self._loop.time()
        return now < self._first_seen.setdefault(recipient, now) + GREYLISTED_SECONDS

    def _accept(self, recipient: str, message: bytes, *, lost: bool) -> None:
        headers, text = _read(message)
        self._tell(
            "mail",
            to=recipient,
            message_id=headers["message-id"],
            subject=" ".join(str(make_header(decode_header(headers["subject"]))).split()),
            text=text,
            lost=lost,
        )


def _read(message: bytes) -> tuple[dict[str, str], str]:
    """A mail's headers and its first part, the text; the HTML after it is not looked at.

    The library's parser would take a tenth of the time that the mail took to be written.
    """
    headers, body = _split(message)
    boundary = f"--{BOUNDARY.findall(headers['content-type'])[0]}".encode()
    first = body.partition(boundary + b"\r\n")[2].partition(b"\r\n" + boundary)[0]
    part, text = _split(first)
    assert part["content-type"].startswith("text/plain"), part
    assert part["content-transfer-encoding"] == "quoted-printable", part
    return headers, quopri.decodestring(text).decode()


def _split(entity: bytes) -> tuple[dict[str, str], bytes]:
    head, _, body = entity.partition(b"\r\n\r\n")
    lines = FOLD.sub("", head.decode("ascii")).split("\r\n")
    return {
        name.lower(): value for name, _, value in (line.partition(": ") for line in lines)
    }, body


class Twilio:
    """Twilio behind its own client's HTTP: messages, their list, callbacks, STOP words."""

    def __init__(
        self, loop: VirtualLoop, clock: SimClock, trouble: Trouble, tell: Tell, rng: random.Random
    ) -> None:
        self._loop = loop
        self._clock = clock
        self._trouble = trouble
        self._tell = tell
        self._rng = rng
        self._sent: dict[str, dict[str, Any]] = {}
        self._sent_to: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.stopped: set[str] = set()
        self.plug: Plug | None = None
        self.call_back: Callable[[str, dict[str, str], float], None] = lambda *_: None

    def request(
        self, method: str, url: str, params: Any = None, data: Any = None, **_rest: Any
    ) -> Any:
        from twilio.http.response import Response

        assert self.plug is not None
        mode = self._trouble.of("twilio")
        if method == "GET":
            if mode in ("down", "error"):
                raise requests.ConnectionError("no route to Twilio")
            if mode == "storm":
                return self._storm()
            if "/Messages/" in url:
                return self._fetched(url)
            to = (params or {}).get("To") or parse_qs(urlsplit(url).query)["To"][0]
            found = [self._view(one) for one in reversed(self._sent_to[to][-100:])]
            body = {"messages": found, "next_page_uri": None, "page_size": 100}
            return Response(200, json.dumps(body))
        self.plug.at("before effect")
        if mode == "down":
            raise requests.ConnectionError("no route to Twilio")
        if mode == "busy":
            return self._refusal(429, 20429, {"Retry-After": "30"})
        if mode == "storm":
            return self._storm()
        if mode == "error":
            return self._refusal(503, 20503, {})
        if data["To"] in self.stopped:
            self._tell("sms_refused", to=data["To"], body=data["Body"])
            return self._refusal(400, 21610, {})
        message = self._accept(data, lost=mode == "lost")
        if mode == "lost":
            raise requests.ReadTimeout("no answer from Twilio")
        self.plug.at("after effect")
        if mode == "slow":
            self._loop.answer_after = self._rng.uniform(5, 18)
        return Response(201, json.dumps(self._view(message)))

    def _fetched(self, url: str) -> Any:
        """One message by its name: how far it has come, and once it is there what it cost."""
        from twilio.http.response import Response

        sid = urlsplit(url).path.rpartition("/")[2].removesuffix(".json")
        if sid not in self._sent:
            return self._refusal(404, 20404, {})
        return Response(200, json.dumps(self._view(self._sent[sid])))

    def _accept(self, data: dict[str, str], *, lost: bool) -> dict[str, Any]:
        sid = f"SM{len(self._sent):032x}"
        message: dict[str, Any] = {
            "sid": sid,
            "to": data["To"],
            "body": data["Body"],
            "at": self._clock.true_now(),
        }
        self._sent[sid] = message
        self._sent_to[data["To"]].append(message)
        self._tell("sms", to=data["To"], body=data["Body"], sid=sid, lost=lost)
        fate = self._fate()
        message["fate"] = [
            (message["at"] + timedelta(seconds=after), status) for status, after in fate
        ]
        callback = data.get("StatusCallback")
        if callback:
            for status, after in fate:
                self.call_back(callback, {"MessageSid": sid, "MessageStatus": status}, after)
        return message

    def _fate(self) -> list[tuple[str, float]]:
        """The callbacks of one message: mostly in order, now and then late, twice or turned."""
        sent, delivered = self._rng.uniform(0.2, 3), self._rng.uniform(3, 9)
        luck = self._rng.random()
        if luck < 0.05:
            return [("delivered", delivered), ("sent", delivered + self._rng.uniform(1, 4000))]
        if luck < 0.10:
            return [("sent", sent), ("delivered", delivered), ("delivered", delivered + 1)]
        if luck < 0.12:
            return [("sent", sent), ("delivered", self._rng.uniform(3000, 20000))]
        return [("sent", sent), ("delivered", delivered)]

    def _view(self, message: dict[str, Any]) -> dict[str, Any]:
        made: datetime = message["at"]
        now = self._clock.true_now()
        come = {status for at, status in message["fate"] if at <= now}
        status = next((one for one in ("delivered", "sent") if one in come), "queued")
        return {
            "sid": message["sid"],
            "to": message["to"],
            "body": message["body"],
            "status": status,
            "date_created": format_datetime(made),
            "num_segments": "1",
            "price": "-0.00790" if status == "delivered" else None,
            "price_unit": "USD",
        }

    def _storm(self) -> Any:
        """Too many requests, whoever asks, and not always a word of when to come back."""
        wait = self._rng.choice(["", "1", "30", "90"])
        return self._refusal(429, 20429, {"Retry-After": wait} if wait else {})

    @staticmethod
    def _refusal(status: int, code: int, headers: dict[str, str]) -> Any:
        from twilio.http.response import Response

        text = json.dumps({"status": status, "code": code, "message": "no"})
        return Response(status, text, headers)


class Model(httpx.AsyncBaseTransport):
    """A language model's server: answers by the schema, often in a dialect, or not."""

    def __init__(self, trouble: Trouble, tell: Tell, rng: random.Random) -> None:
        self._trouble = trouble
        self._tell = tell
        self._rng = rng

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        mode = self._trouble.of("model")
        await asyncio.sleep(self._rng.uniform(0.5, 4))
        if mode == "down":
            raise httpx.ConnectError("no route")
        if mode == "silent":
            await asyncio.sleep(self._rng.uniform(40, 100))
            raise httpx.ReadTimeout("no answer")
        if mode == "busy":
            return httpx.Response(429, headers={"Retry-After": self._rng.choice(["2", "90"])})
        if mode == "error":
            return httpx.Response(503, json={"error": {"message": "no"}})
        if mode == "slow":
            await asyncio.sleep(self._rng.uniform(60, 200))
        if model_dialects.repeats_a_good_answer(json.loads(request.content)):
            self._tell("good_answer_refused")
        if mode == "garbage":
            answer = model_dialects.response({"content": "Certainly! Here it is: {"})
        elif mode == "mute":
            answer = model_dialects.never_usable(self._rng)
        elif self._rng.random() < 0.5:
            answer = model_dialects.in_some_dialect(self._rng)
        else:
            answer = model_dialects.plain()
        return httpx.Response(200, content=json.dumps(answer))


def later(clock: SimClock, seconds: float) -> datetime:
    return clock.true_now() + timedelta(seconds=seconds)
