"""A good answer as servers of language models really send it, and answers that are never usable."""

import json
import random
from typing import Any

Response = dict[str, Any]
SUMMARY = "A day like others."
ANSWER = {"summary": SUMMARY, "priorities": []}
PLAIN = json.dumps(ANSWER)
USAGE = {"prompt_tokens": 100, "completion_tokens": 20}


def plain() -> Response:
    return response({"content": PLAIN})


def response(message: Response, *, finish: str = "stop", usage: Any = USAGE) -> Response:
    return {"choices": [{"message": message, "finish_reason": finish}], "usage": usage}


def in_some_dialect(rng: random.Random) -> Response:
    """A good answer, wrapped, spelt and counted in one of the ways that were seen."""
    text = rng.choice(
        [
            f"<think>\nIs it {{\"summary\": \"x\"}}?\n</think>\n{PLAIN}",
            f"It is short.</think>\n\n```json\n{PLAIN}\n```",
            f"Here it is:\n```JSON\n{PLAIN}\n```\nAnything else? [1]",
            PLAIN[:-1] + ",}",
            PLAIN.replace("like others", "like\nothers"),
            PLAIN,
        ]
    )  # fmt: skip
    usage = rng.choice(
        [
            USAGE,
            None,
            {"prompt_tokens": None, "completion_tokens": -35},
            {"prompt_tokens": 1e300, "completion_tokens": 20},
            {"prompt_tokens": 0, "completion_tokens": 6, "total_tokens": 374},
        ]
    )
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}
    call = {"type": "function", "function": {"name": "answer", "arguments": text}}
    messages: list[Response] = [
        {"content": text},
        {"content": [thinking, {"type": "text", "text": text}]},
        {"content": None, "tool_calls": [call]},
        {"content": "", "reasoning_content": text},
    ]
    return response(rng.choice(messages), usage=usage)


def never_usable(rng: random.Random) -> Response:
    """Cut off, silent, thinking without end, or none at all."""
    return rng.choice(
        [
            response({"content": PLAIN[:30]}, finish="length", usage=None),
            response({"content": None, "reasoning": "Let me see"}, finish="length"),
            response({"content": ""}),
            response({"content": "<think>\nLet me see"}),
            {"error": {"code": 502, "message": "the provider behind it failed"}},
            {"choices": []},
        ]
    )


def repeats_a_good_answer(request: Response) -> bool:
    """Whether a question for an analysis is asked again after it was answered well."""
    messages = request["messages"]
    asked = [m["content"] for m in messages if m["role"] == "user"]
    turns = [m["content"] for m in messages if m["role"] == "assistant"]
    return '"summary_words"' in asked[0] and any(
        SUMMARY in turn and "priorities" in turn for turn in turns
    )
