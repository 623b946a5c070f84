"""A language model's server on loopback that answers, or fails, as a test tells it to.

It speaks the request shapes of OpenAI (`…/chat/completions`), Anthropic (`/v1/messages`) and
Ollama (`/api/chat`).
"""

import json
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.doubles import llm_demands
from tests.doubles.loopback import has_hung_up

LOOK_SECONDS = 0.02
TOKENS = (100, 20)
"""What every answer says it has counted: read, written."""


@dataclass
class Call:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    behaviour: str = ""

    @property
    def is_anthropic(self) -> bool:
        return self.path.endswith("/messages")

    @property
    def is_ollama(self) -> bool:
        return self.path == "/api/chat"

    def faults(self) -> Iterator[str]:
        """What a real server would refuse in it."""
        if self.is_anthropic:
            headers = {name.lower() for name in self.headers}
            if "anthropic-version" not in headers:
                yield "anthropic-version: header is required"
            yield from llm_demands.anthropic(self.body)
        elif self.is_ollama:
            yield from llm_demands.ollama(self.body)
        else:
            yield from llm_demands.openai(self.body)

    @property
    def prompt(self) -> str:
        """All that the model was told, as one text."""
        said = [str(self.body.get("system", ""))]
        said += [str(message["content"]) for message in self.body.get("messages", [])]
        return "\n".join(said)


Act = Callable[["LlmDouble", "_Handler", Call], None]


@dataclass(frozen=True)
class Behaviour:
    """What the server does with one request."""

    name: str
    act: Act = field(repr=False)


def replies(answer: dict[str, Any]) -> Behaviour:
    """A whole response, as a server was seen to send it."""

    def act(_double: "LlmDouble", handler: "_Handler", _call: Call) -> None:
        handler.answer(200, answer)

    return Behaviour("replies", act)


def _says(name: str, text: str, finish: str = "stop") -> Behaviour:
    def act(_double: "LlmDouble", handler: "_Handler", call: Call) -> None:
        handler.answer(200, _reply(call, text, finish))

    return Behaviour(name, act)


def ok(answer: Any) -> Behaviour:
    """A good answer: that value as JSON."""
    return _says("ok", json.dumps(answer))


def says(text: str) -> Behaviour:
    """An answer with just that text."""
    return _says("says", text)


def fenced(answer: Any) -> Behaviour:
    """A good answer, wrapped in a Markdown code fence."""
    return _says("fenced", f"```json\n{json.dumps(answer)}\n```")


def garbage() -> Behaviour:
    """A well-formed reply whose text is no JSON."""
    return _says("garbage", "Certainly! Here is what I think: {")


def wrong_schema() -> Behaviour:
    """JSON that is not what was asked for."""
    return _says("wrong_schema", '{"verdict": 7}')


def empty() -> Behaviour:
    """A reply without a word."""
    return _says("empty", "")


def cut_off(text: str = "") -> Behaviour:
    """A reply that ran into its own length limit."""
    return _says("cut_off", text, finish="length")


def status(code: int, **headers: str) -> Behaviour:
    """An HTTP error."""

    def act(_double: "LlmDouble", handler: "_Handler", _call: Call) -> None:
        handler.answer(code, {"error": {"message": "no"}}, headers)

    return Behaviour(f"status {code}", act)


def thinker(answer: Any, *, thoughts: int, obeys: str = "off") -> Behaviour:
    """A model on Ollama that thinks for so many tokens before it answers.

    What becomes of `think: false`: `off`, it answers at once; `aloud`, its thoughts stand before
    the answer (Qwen3 2507); `silent`, it says nothing at all (gpt-oss, which knows only levels).
    """
    text = json.dumps(answer)
    words = "Okay, what kind of day is it? " * (thoughts // 8)

    def act(_double: "LlmDouble", handler: "_Handler", call: Call) -> None:
        told_not_to = call.body.get("think") is False
        if told_not_to and obeys == "silent":
            return handler.answer(200, _reply(call, "", "stop"))
        thinks = not told_not_to or obeys == "aloud"
        needed = TOKENS[1] + (thoughts if thinks else 0)
        room = call.body["options"]["num_predict"]
        said = f"{words}</think>\n\n{text}" if thinks and told_not_to else text
        reply = _reply(call, said, "stop")
        if needed > room:
            reply = _reply(call, words[: 4 * room] if told_not_to else "", "length")
        if thinks and not told_not_to:
            reply["message"]["thinking"] = words[: 4 * room]
        return handler.answer(200, {**reply, "eval_count": min(needed, room)})

    return Behaviour(f"thinker, {obeys}", act)


def rate_limited(retry_after: int) -> Behaviour:
    """429, with how long to wait."""
    return status(429, **{"Retry-After": str(retry_after)})


def not_json() -> Behaviour:
    """200 with a page of a proxy in between."""

    def act(_double: "LlmDouble", handler: "_Handler", _call: Call) -> None:
        handler.answer(200, b"<html>gateway</html>")

    return Behaviour("not_json", act)


def nested() -> Behaviour:
    """200 with JSON that no reader follows to its end."""

    def act(_double: "LlmDouble", handler: "_Handler", _call: Call) -> None:
        handler.answer(200, b"[" * 100_000)

    return Behaviour("nested", act)


def hangs_up() -> Behaviour:
    """Ends the connection in the middle of the body."""

    def act(_double: "LlmDouble", handler: "_Handler", _call: Call) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "5000")
        handler.end_headers()
        handler.wfile.write(b'{"choices": [')
        handler.wfile.flush()
        handler.connection.shutdown(socket.SHUT_RDWR)

    return Behaviour("hangs_up", act)


def hang() -> Behaviour:
    """Never answers; `disconnects` counts the callers that gave up."""

    def act(double: "LlmDouble", handler: "_Handler", _call: Call) -> None:
        double.hold(handler)

    return Behaviour("hang", act)


def drip() -> Behaviour:
    """Answers a byte at a time, for ever."""

    def act(double: "LlmDouble", handler: "_Handler", _call: Call) -> None:
        handler.send_response(200)
        handler.end_headers()
        double.hold(handler, drip=b" ")

    return Behaviour("drip", act)


def huge() -> Behaviour:
    """Two megabytes of answer."""

    def act(_double: "LlmDouble", handler: "_Handler", call: Call) -> None:
        handler.answer(200, _reply(call, "x" * 2_000_000, "stop"))

    return Behaviour("huge", act)


def refuses_json_mode(answer: Any) -> Behaviour:
    """400 as long as the request has `response_format`, else a good answer."""

    def act(_double: "LlmDouble", handler: "_Handler", call: Call) -> None:
        if "response_format" in call.body:
            handler.answer(400, {"error": {"message": "response_format is not supported"}})
        else:
            handler.answer(200, _reply(call, json.dumps(answer), "stop"))

    return Behaviour("refuses_json_mode", act)


def knows_only_json_objects(answer: Any) -> Behaviour:
    """400 for `json_schema`, as DeepSeek answers, else a good answer."""

    def act(_double: "LlmDouble", handler: "_Handler", call: Call) -> None:
        if call.body.get("response_format", {}).get("type") == "json_schema":
            handler.answer(400, {"error": {"message": "this response_format is unavailable now"}})
        else:
            handler.answer(200, _reply(call, json.dumps(answer), "stop"))

    return Behaviour("knows_only_json_objects", act)


def tool_use(answer: Any) -> Behaviour:
    """Anthropic's way of a structured answer: the input of the tool that it was made to use."""

    def act(_double: "LlmDouble", handler: "_Handler", call: Call) -> None:
        name = call.body["tools"][0]["name"]
        content = [{"type": "tool_use", "id": "toolu_1", "name": name, "input": answer}]
        reply = {**_reply(call, "", "stop"), "content": content, "stop_reason": "tool_use"}
        handler.answer(200, reply)

    return Behaviour("tool_use", act)


def refuses(code: int, message: str, when: Callable[[Call], bool], answer: Any) -> Behaviour:
    """That error, in the maker's words, as long as the request is so; else a good answer."""

    def act(_double: "LlmDouble", handler: "_Handler", call: Call) -> None:
        if when(call):
            handler.answer(code, {"error": {"message": message}})
        else:
            handler.answer(200, _reply(call, json.dumps(answer), "stop"))

    return Behaviour("refuses", act)


def _reply(call: Call, text: str, finish: str) -> dict[str, Any]:
    if call.is_ollama:
        return {
            "model": call.body["model"],
            "message": {"role": "assistant", "content": text},
            "done": True,
            "done_reason": finish,
            "prompt_eval_count": TOKENS[0],
            "eval_count": TOKENS[1],
        }
    if call.is_anthropic:
        return {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "text", "text": text}],
            "stop_reason": {"stop": "end_turn", "length": "max_tokens"}[finish],
            "usage": {"input_tokens": TOKENS[0], "output_tokens": TOKENS[1]},
        }
    return {
        "choices": [
            {"message": {"role": "assistant", "content": text}, "finish_reason": finish, "index": 0}
        ],
        "usage": {"prompt_tokens": TOKENS[0], "completion_tokens": TOKENS[1]},
    }


class LlmDouble:
    """`with LlmDouble() as double:` serves; `script(…)` comes first, then `default(…)`."""

    def __init__(self) -> None:
        self.requests: list[Call] = []
        self.disconnects = 0
        self._default = status(500)
        self._script: deque[Behaviour] = deque()
        self._closing = threading.Event()
        handler = type("Handler", (_Handler,), {"double": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(LOOK_SECONDS,), daemon=True
        )

    def start(self) -> "LlmDouble":
        self._thread.start()
        return self

    def close(self) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> "LlmDouble":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def default(self, behaviour: Behaviour) -> None:
        """What it does whenever nothing else is scripted."""
        self._default = behaviour

    def script(self, *behaviours: Behaviour) -> None:
        """What it does with the next requests, in order."""
        self._script.extend(behaviours)

    def next_behaviour(self) -> Behaviour:
        return self._script.popleft() if self._script else self._default

    def hold(self, handler: "_Handler", *, drip: bytes = b"") -> None:
        """Keep the caller waiting until they hang up, or the server closes."""
        while not self._closing.wait(LOOK_SECONDS):
            gone = has_hung_up(handler.connection)
            try:
                if drip:
                    handler.wfile.write(drip)
                    handler.wfile.flush()
            except OSError:
                gone = True
            if gone:
                self.disconnects += 1
                return


class _Handler(BaseHTTPRequestHandler):
    double: LlmDouble

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        call = Call(self.path, dict(self.headers), json.loads(body))
        behaviour = self.double.next_behaviour()
        call.behaviour = behaviour.name
        self.double.requests.append(call)
        refused = next(call.faults(), None)
        if refused is not None:
            self.answer(400, {"error": {"message": refused, "type": "invalid_request_error"}})
        else:
            behaviour.act(self.double, self, call)
        self.close_connection = True

    def answer(self, code: int, body: Any, headers: dict[str, str] | None = None) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(code)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        try:
            self.wfile.write(content)
        except OSError:
            self.double.disconnects += 1

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass
