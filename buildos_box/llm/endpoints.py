"""The addresses of a provider's requests, from the configured `base_url`."""

import ipaddress
import re
from urllib.parse import urlsplit, urlunsplit

from buildos_box.settings import ProviderSettings

_CHAT = "/chat/completions"
_COMPLETE = re.compile(
    r"/v\d+\w*(?:/|$)|/(?:openai|openapi|inference|compat|serving-endpoints)$|/deployments/[^/]+$"
)
"""A path that names a version, or ends as documented for OpenAI's own client."""
_WITHOUT_VERSION = re.compile(r"(?:^|\.)(?:perplexity\.ai|models\.inference\.ai\.azure\.com)$")
"""Hosts whose API has no version in its path."""
_LOCAL_ENDS = (".local", ".lan", ".internal", ".localhost")


def urls(settings: ProviderSettings) -> tuple[str, ...]:
    """The addresses to POST to, in order; the first that does not answer "not found" is used.

    `base_url` may be given with or without its version. A path that has one, or is known to be
    complete, is used as written; so is a query (Azure's `api-version`).
    """
    parts = urlsplit(settings.base_url)
    path = parts.path.rstrip("/")
    made = _paths(settings.kind, path, parts.hostname or "", has_query=bool(parts.query))
    return tuple(urlunsplit((parts.scheme, parts.netloc, one, parts.query, "")) for one in made)


def _paths(kind: str, path: str, host: str, *, has_query: bool) -> tuple[str, ...]:
    if kind == "anthropic":
        return (f"{path.removesuffix('/messages').removesuffix('/v1')}/v1/messages",)
    if kind == "ollama":
        return (f"{path.removesuffix('/v1').removesuffix('/api')}/api/chat",)
    if path.endswith(_CHAT):
        return (path,)
    if has_query or _COMPLETE.search(path):
        return (f"{path}{_CHAT}",)
    versioned, plain = f"{path}/v1{_CHAT}", f"{path}{_CHAT}"
    return (plain, versioned) if _WITHOUT_VERSION.search(host) else (versioned, plain)


def is_local(settings: ProviderSettings) -> bool:
    """Whether the address is this machine or a private network."""
    host = urlsplit(settings.base_url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith(_LOCAL_ENDS)


def is_azure(settings: ProviderSettings) -> bool:
    """Whether it is Azure, which also takes its key in a header of its own."""
    return (urlsplit(settings.base_url).hostname or "").endswith(".azure.com")
