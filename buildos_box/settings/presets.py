"""Presets of known providers."""

from typing import Any

LOCAL_SECONDS = 300.0
"""A local model reads a long prompt slowly, and may have to be loaded first."""

TEMPLATE_WITHOUT_THINKING = {
    "chat_template_kwargs": {"enable_thinking": False, "thinking": False},
}
"""How servers that fill in a model's chat template turn its thinking off.

Templates differ in the name of the field (Qwen and GLM, DeepSeek and Granite), and ignore unknown
ones.
"""

PRESETS: dict[str, dict[str, Any]] = {
    "deepseek": {
        "base_url": "https://api.deepseek.com/v1",
        "model": "deepseek-chat",
        "price_in": 0.27,
        "price_out": 1.10,
    },
    "openai": {
        "base_url": "https://api.openai.com/v1",
        "model": "gpt-4o",
        "price_in": 2.50,
        "price_out": 10.0,
    },
    "anthropic": {
        "kind": "anthropic",
        "base_url": "https://api.anthropic.com",
        "model": "claude-sonnet-4-5",
        "price_in": 3.0,
        "price_out": 15.0,
    },
    "openrouter": {
        "base_url": "https://openrouter.ai/api/v1",
        "extra_body": {"reasoning": {"enabled": False}},
    },
    "ollama": {
        "kind": "ollama",
        "base_url": "http://127.0.0.1:11434",
        "model": "llama3.2",
        "timeout_seconds": LOCAL_SECONDS,
    },
    "llama.cpp": {
        "base_url": "http://127.0.0.1:8080/v1",
        "model": "default",
        "timeout_seconds": LOCAL_SECONDS,
        "extra_body": TEMPLATE_WITHOUT_THINKING,
    },
    "lmstudio": {
        "base_url": "http://127.0.0.1:1234/v1",
        "timeout_seconds": LOCAL_SECONDS,
        "extra_body": TEMPLATE_WITHOUT_THINKING,
    },
    "vllm": {
        "base_url": "http://127.0.0.1:8000/v1",
        "timeout_seconds": LOCAL_SECONDS,
        "extra_body": TEMPLATE_WITHOUT_THINKING,
    },
    "sglang": {
        "base_url": "http://127.0.0.1:30000/v1",
        "model": "default",
        "timeout_seconds": LOCAL_SECONDS,
        "extra_body": TEMPLATE_WITHOUT_THINKING,
    },
}
KEY_VARIABLES = {
    "deepseek": "DEEPSEEK_API_KEY",
    "openai": "OPENAI_API_KEY",
    "anthropic": "ANTHROPIC_API_KEY",
    "openrouter": "OPENROUTER_API_KEY",
}
"""The variable with the key of a preset, if the configuration gives none."""
DEFAULT_CHAIN = ("deepseek", "openai", "anthropic")


def with_preset(given: dict[str, Any]) -> dict[str, Any]:
    """A provider's table completed by its preset; given values win."""
    preset = given.get("preset")
    known = PRESETS.get(preset, {}) if isinstance(preset, str) else {}
    named = {"name": preset} if known else {}
    return {**named, **known, **given}
