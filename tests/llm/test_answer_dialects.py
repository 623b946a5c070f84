"""What models have been seen to send in place of plain JSON, and what must be read from it.

Each sample names where its kind was reported, as project and number; the texts are our own.
"""

import json
from typing import Any, Literal

import msgspec
import pytest

from buildos_box.llm import answer_schema
from buildos_box.llm.answer_json import objects_in


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Has an enumeration and a field that may be absent."""

    kind: Literal["task", "project", "next_step"]
    id: str
    reason: str = ""


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """What the samples are answers to."""

    mood: str
    tasks: int
    steps: list[Step] = []
    due: str | None = None


PLAIN = '{"mood": "calm", "tasks": 3}'
DRAFT = '{"mood": "draft", "tasks": 1}'
CALM = Day(mood="calm", tasks=3)


def step(**fields: Any) -> Day:
    return Day(mood="calm", tasks=3, steps=[Step(**fields)])


READ: list[tuple[str, str, Day]] = [
    # Thoughts before the answer
    ("vllm-project/vllm 12468", f"<think>\nThree tasks…\n</think>\n\n{PLAIN}", CALM),
    ("tonyd2wild/DeepSeek-v4 16", f"Three tasks, so calm.</think>{PLAIN}", CALM),
    ("ollama/ollama 13154", f"Okay, {DRAFT} would be wrong.\n</think>\n\n{PLAIN}", CALM),
    ("vercel/ai 8072", f"[THINK]Is it {DRAFT}?[/THINK]{PLAIN}", CALM),
    (
        "hindsight 3246",
        f"<|channel|>analysis<|message|>Hm.<|channel|>final<|message|>{PLAIN}",
        CALM,
    ),
    ("our own", f"<THINKING>Hm. {{</THINKING> {PLAIN}", CALM),
    ("vllm-project/vllm 41132", f"<think>\n\n</think>\n\n```json\n{PLAIN}\n```", CALM),
    # Prose and fences around it
    ("axial 72", f"```json\n{PLAIN}\n```", CALM),
    ("NeverEndingQuest 134", f"```JSON\n{PLAIN}\n```\n", CALM),
    ("lmstudio-bug-tracker 2403", f"Here it is:\n```\n{PLAIN}\n```\nAnything else?", CALM),
    ("langgenius/dify 42451", f"```json\n{PLAIN}\n```\nSee [docs] for more.", CALM),
    ("langgenius/dify 42451", f"{PLAIN}\n\nReferences: [1], {{2}}", CALM),
    ("labs-OO-Agents 238", f"```bash\necho hi\n```\n{PLAIN}", CALM),
    ("langgenius/dify 42452", f"First {DRAFT}. No, rather:\n{PLAIN}", CALM),
    ("ollama/ollama-python 523", f"{{\n\n{{\n\n{PLAIN[1:]}", CALM),
    ("our own", f"\ufeff\n{PLAIN}", CALM),
    # Loose JSON
    ("SICTIC-AI 37", '{"mood": "calm", "tasks": 3, "steps": [],}', CALM),
    (
        "567-labs/instructor 75",
        '{"mood": "calm\r\nday", "tasks": 3}',
        Day(mood="calm\r\nday", tasks=3),
    ),
    ("google/langextract 394", '{"mood": "ca\tlm", "tasks": 3}', Day(mood="ca\tlm", tasks=3)),
    (
        "mem0ai/mem0 4420",
        '{"mood": "calm\nafter\tall", "tasks": 3}',
        Day(mood="calm\nafter\tall", tasks=3),
    ),
    ("our own", '{"mood": "calm",\n "tasks": 3 // three\n}', CALM),
    ("Kijewski/pyjson5 152", "{'mood': 'calm', 'tasks': 3, 'due': None}", CALM),
    ("our own", '{mood: "calm", "tasks": 3}', CALM),
    ("our own", '{"mood": "calm" "tasks": 3}', CALM),
    ("our own", "{“mood”: “calm”, “tasks”: 3}", CALM),
    # Values spelt otherwise
    (
        "lgtmaybe 131",
        PLAIN[:-1] + ', "steps": [{"kind": "Task", "id": "t1"}]}',
        step(kind="task", id="t1"),
    ),
    (
        "Zammad-MCP 201",
        PLAIN[:-1] + ', "steps": [{"kind": "NEXT-STEP", "id": "t"}]}',
        step(kind="next_step", id="t"),
    ),
    (
        "margince 417",
        PLAIN[:-1] + ', "steps": [{"kind": " project ", "id": "p"}]}',
        step(kind="project", id="p"),
    ),
    (
        "langchain4j 669",
        PLAIN[:-1] + ', "steps": [{"kind": "Next Step", "id": "t", "reason": null}]}',
        step(kind="next_step", id="t"),
    ),
    ("our own", '{"mood": "calm", "tasks": 3.0, "due": null}', CALM),
    # The answer inside something
    ("mudler/LocalAI 10052", f'{{"name": "answer", "arguments": {PLAIN}}}', CALM),
    ("huggingface/smolagents 1003", json.dumps({"name": "answer", "arguments": PLAIN}), CALM),
    ("ollama/ollama 12413", f'{{"name": "answer", "parameters": {PLAIN}}}', CALM),
    ("our own", f"[{PLAIN}]", CALM),
    ("our own", f'{{"type": "object", "properties": {PLAIN}}}', CALM),
    # Marks inside the person's own words are no thoughts
    (
        "our own",
        '{"mood": "see </think> and ``` there", "tasks": 3}',
        Day(mood="see </think> and ``` there", tasks=3),
    ),
]

NOT_READ: list[tuple[str, str, str]] = [
    # What was cut off is never closed by guessing
    (
        "agent0ai/agent-zero 1836",
        '{"mood": "calm", "tasks": 3, "steps": [{"kind": "task"',
        "invalid_json",
    ),
    ("agent0ai/agent-zero 1836", '{"mood": "calm", "tasks": 3', "invalid_json"),
    ("browser-use 5148", '```json\n{"mood": "ca', "invalid_json"),
    # A thought that never ends holds drafts, no answer
    ("jundot/omlx 2860", f"<think>\nMaybe {DRAFT}? Or", "invalid_json"),
    ("Rapid-MLX 858", "[truncated — reasoning incomplete; raise max_tokens]", "invalid_json"),
    # A wrong value stays wrong
    ("lgtmaybe 131", PLAIN[:-1] + ', "steps": [{"kind": "chore", "id": "t1"}]}', "invalid_schema"),
    ("our own", '{"mood": "calm", "tasks": "3"}', "invalid_schema"),
    ("our own", '{"mood": "calm", "tasks": 3.5}', "invalid_schema"),
    ("our own", '{"mood": null, "tasks": 3}', "invalid_schema"),
    ("our own", '{"tasks": 3}', "invalid_schema"),
    ("our own", "Certainly! I am happy to help.", "invalid_json"),
    ("our own", "", "invalid_json"),
    ("our own", "null", "invalid_json"),
]


@pytest.mark.parametrize(("source", "text", "day"), READ)
def test_a_good_answer_is_read_however_it_is_spelt(source: str, text: str, day: Day) -> None:
    assert answer_schema.read(text, Day) == (day, ""), source


@pytest.mark.parametrize(("source", "text", "kind"), NOT_READ)
def test_what_is_no_whole_answer_is_not_made_one(source: str, text: str, kind: str) -> None:
    value, fault = answer_schema.read(text, Day)
    assert (value, answer_schema.kind_of(fault)) == (None, kind), source


def test_the_fault_named_is_that_of_the_answer_and_not_of_a_scrap_beside_it() -> None:
    _, fault = answer_schema.read('{"mood": "calm", "tasks": "three"} {"a": 1}', Day)
    assert fault == "invalid_schema: Expected `int`, got `str` - at `$.tasks`"


@pytest.mark.parametrize(
    "text",
    ["{" * 200_000, "[" * 200_000 + "}" * 200_000, '{"a":' * 50_000, '{"a": "' + '\\"' * 100_000],
    ids=["braces", "brackets", "objects", "escapes"],
)
def test_hostile_nesting_is_looked_through_once(text: str) -> None:
    assert objects_in(text) == []
    assert answer_schema.read(text, Day)[0] is None


def test_an_object_nested_beyond_reason_is_refused() -> None:
    deep = '{"mood": ' * 20_000 + "1" + "}" * 20_000
    assert answer_schema.kind_of(answer_schema.read(deep, Day)[1]) == "invalid_json"
