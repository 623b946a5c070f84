"""The content of a provider's response: text, token counts, and whether it was cut off.

A model's text arrives as a string, as a list of parts, as the arguments of a tool, or where its
thoughts should be. All of these are read; `answer_schema` decides whether it is the answer.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from buildos_box.llm.answer_json import without_reasoning
from buildos_box.llm.token_counts import Counted, counted


class ProviderError(Exception):
    """The provider reports an error in a response of status 200."""

    def __init__(self, status: int | None, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True, slots=True)
class Content:
    """What was read of a response; `thoughts` is what came separately from the text."""

    text: str
    counted: Counted
    was_cut: bool = False
    thoughts: str = ""

    @property
    def reasoned(self) -> bool:
        """Whether the model thought before it answered."""
        return bool(self.thoughts.strip()) or without_reasoning(self.text) != self.text


def read(kind: str, response: Any) -> Content:
    """The content of a decoded response.

    Raises ProviderError; LookupError, TypeError, AttributeError or ValueError if it has none.
    """
    return {"anthropic": _anthropic, "ollama": _ollama, "openai": _openai}[kind](response)


def _openai(response: Any) -> Content:
    choices = response.get("choices")
    if not choices:
        _raise_error(response)
    choice = choices[0]
    _raise_error(choice)
    usage = _object(response.get("usage"))
    return _content(
        choice["message"],
        counted(
            usage.get("prompt_tokens"), usage.get("completion_tokens"), usage.get("total_tokens")
        ),
        was_cut=choice.get("finish_reason") == "length",
    )


def _anthropic(response: Any) -> Content:
    usage = _object(response.get("usage"))
    return _content(
        {"content": response["content"]},
        counted(usage.get("input_tokens"), usage.get("output_tokens")),
        was_cut=response.get("stop_reason") == "max_tokens",
    )


def _ollama(response: Any) -> Content:
    if "message" not in response:
        _raise_error(response)
    return _content(
        response["message"],
        counted(response.get("prompt_eval_count"), response.get("eval_count")),
        was_cut=response.get("done_reason") == "length",
    )


def _raise_error(response: Any) -> None:
    """Routers report the error of a provider behind them as `{"error": {"code", "message"}}`."""
    error = response.get("error")
    if not error:
        return
    said = error if isinstance(error, dict) else {"message": error}
    code = said.get("code")
    status = code if isinstance(code, int) and 400 <= code <= 599 else None
    raise ProviderError(status, str(said.get("message") or ""))


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _content(message: Any, counts: Counted, *, was_cut: bool) -> Content:
    """The text of a message, and the arguments of the tools that it uses.

    If there is neither, its thoughts: some servers put the whole answer there when thinking is
    turned off.
    """
    text = "\n".join([*_texts(message.get("content")), *_arguments(message)])
    thoughts = _thoughts(message)
    if text.strip() or was_cut:
        return Content(text, counts, was_cut, thoughts)
    return Content(thoughts, counts)


def _texts(content: Any) -> Iterator[str]:
    """The texts of a message's content: a string, or parts without those that are thoughts."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        for part in content:
            if isinstance(part, str):
                yield part
            elif isinstance(part, dict) and isinstance(part.get("text"), str):
                yield part["text"]


def _thoughts(message: dict[str, Any]) -> str:
    """What a message has besides its content, or in parts that are thoughts."""
    parts = message.get("content")
    inside = parts if isinstance(parts, list) else []
    found = [message.get(name) for name in ("reasoning_content", "reasoning", "thinking")]
    found += [part.get("thinking") for part in inside if isinstance(part, dict)]
    return "".join(text for value in found for text in _texts(value))


def _arguments(message: dict[str, Any]) -> Iterator[str]:
    """The arguments of the tools that a message uses, as JSON."""
    parts = message.get("content")
    inside = parts if isinstance(parts, list) else []
    uses = [part for part in map(_object, inside) if part.get("type") == "tool_use"]
    calls = [_object(call).get("function") for call in message.get("tool_calls") or []]
    for call in map(_object, [*uses, *calls, message.get("function_call")]):
        arguments = call.get("arguments", call.get("input"))
        if isinstance(arguments, str) and arguments.strip():
            yield arguments
        elif isinstance(arguments, dict) and arguments:
            yield msgspec.json.encode(arguments).decode()
