"""What the makers of language models demand of a request, as their published APIs say.

The double answers 400 to a request that a real server would refuse, so that a test cannot pass on
one. Only what their documents state is held here, each with its source.
"""

import re
from collections.abc import Iterator
from typing import Any

Body = dict[str, Any]
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def openai(body: Body) -> Iterator[str]:
    """https://platform.openai.com/docs/api-reference/chat/create."""
    yield from _model_and_messages(body, {"system", "developer", "user", "assistant", "tool"})
    if "max_tokens" in body and "max_completion_tokens" in body:
        yield "max_tokens and max_completion_tokens cannot both be set"
    for name in ("max_tokens", "max_completion_tokens"):
        if name in body and not _is_positive(body[name]):
            yield f"{name} must be a positive integer"
    if not 0 <= body.get("temperature", 1) <= 2:
        yield "temperature must be between 0 and 2"
    wanted = body.get("response_format")
    if wanted is None:
        return
    if wanted.get("type") not in ("text", "json_object", "json_schema"):
        yield "response_format.type must be text, json_object or json_schema"
    # DeepSeek and OpenAI refuse JSON mode where no message names it.
    said = " ".join(str(message.get("content")) for message in body.get("messages", []))
    if wanted.get("type") == "json_object" and "json" not in said.lower():
        yield "'messages' must contain the word 'json' to use 'response_format' 'json_object'"
    if wanted.get("type") == "json_schema":
        described = wanted.get("json_schema", {})
        if not _NAME.fullmatch(described.get("name", "")):
            yield "response_format.json_schema.name must be letters, digits, _ and -, at most 64"
        if described.get("schema", {}).get("type") != "object":
            yield "response_format.json_schema.schema must be of type object at its top"


def anthropic(body: Body) -> Iterator[str]:
    """https://docs.anthropic.com/en/api/messages."""
    yield from _model_and_messages(body, {"user", "assistant"})
    if not _is_positive(body.get("max_tokens")):
        yield "max_tokens: Field required"
    if not isinstance(body.get("system", ""), str):
        yield "system: Input should be a valid string"
    if not 0 <= body.get("temperature", 1) <= 1:
        yield "temperature: must be between 0 and 1"
    messages = body.get("messages") or [{}]
    if messages[0].get("role") != "user":
        yield "messages: first message must use the user role"
    if messages[-1].get("role") == "assistant" and str(messages[-1]["content"]).endswith(" "):
        yield "messages: final assistant content cannot end with trailing whitespace"
    for tool in body.get("tools", []):
        if not _NAME.fullmatch(tool.get("name", "")):
            yield "tools.0.name: must be letters, digits, _ and -, at most 64"
        if tool.get("input_schema", {}).get("type") != "object":
            yield "tools.0.input_schema.type: Input should be 'object'"
    chosen = body.get("tool_choice")
    names = {tool.get("name") for tool in body.get("tools", [])}
    if chosen and chosen.get("type") == "tool" and chosen.get("name") not in names:
        yield "tool_choice.name: no such tool"


def ollama(body: Body) -> Iterator[str]:
    """https://docs.ollama.com/api/chat, and its ChatRequest in api/types.go."""
    yield from _model_and_messages(body, {"system", "user", "assistant", "tool"})
    if not isinstance(body.get("stream", True), bool):
        yield "stream must be a boolean"
    if body.get("stream", True):
        yield "the double does not stream, which is what Ollama does by default"
    think = body.get("think")
    if think not in (None, True, False, "high", "medium", "low"):
        yield f'think value "{think}" is not supported for this model'
    wanted = body.get("format")
    if wanted is not None and wanted != "json" and not isinstance(wanted, dict):
        yield "invalid JSON schema in format"
    options = body.get("options", {})
    known = {"num_ctx", "num_predict", "temperature", "top_p", "top_k", "seed", "stop"}
    for name in options.keys() - known:
        yield f"invalid option {name}"
    for name in ("num_ctx", "num_predict"):
        if name in options and not _is_positive(options[name]):
            yield f"option {name} must be a positive integer"
    if options.get("num_predict", 0) >= options.get("num_ctx", 1_000_000):
        yield "num_predict takes the whole num_ctx, so that none is left for the prompt"


def _model_and_messages(body: Body, roles: set[str]) -> Iterator[str]:
    if not body.get("model") or not isinstance(body["model"], str):
        yield "model is required"
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        yield "messages: at least one message is required"
        return
    for index, message in enumerate(messages):
        if message.get("role") not in roles:
            yield f"messages.{index}.role: must be one of {', '.join(sorted(roles))}"
        content = message.get("content")
        if not isinstance(content, str) or not content.strip():
            yield f"messages.{index}: text content blocks must be non-empty"


def _is_positive(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
