"""The URL of a chat service: an Apprise URL of the operator's, with a place for a person's part.

Nothing of the URL is ever shown: its user, password, host or path may be the key to the service.

The rules: docs/spec.md#chat-services.
"""

from urllib.parse import parse_qsl, unquote, urlsplit

TARGET = "{target}"
SCHEMES = (
    "ntfy", "ntfys", "gotify", "gotifys", "tgram", "matrix", "matrixs",
    "signal", "signals", "discord", "mmost", "mmosts", "nctalk", "nctalks",
)  # fmt: skip
"""Of services that are spoken to over HTTP alone, so that what guards the way out sees all."""
NOT_ALLOWED = ("redirect", "rto", "cto", "retry", "wait", "store", "overflow", "format", "template")
"""What decides how it is sent, which is the box's to decide."""


def fault_of_template(url: str) -> str | None:
    """What is wrong with the URL, in words that show nothing of it; None if nothing is."""
    try:
        parts = urlsplit(url)
        options = _options(parts.query)
    except ValueError:
        return "is no URL"
    if parts.scheme not in SCHEMES:
        return f"must begin with one of {', '.join(f'{scheme}://' for scheme in SCHEMES)}"
    if unquote(url).count(TARGET) != 1 or url.count(TARGET) != 1:
        return f"must contain {TARGET} exactly once"
    in_value = any(TARGET in value for value in options.values())
    if TARGET not in parts.path and not in_value:
        return f"must have {TARGET} in its path, or as the value of an option"
    if not parts.netloc:
        return "must name a host"
    if options.get("verify", "yes").lower() not in ("yes", "true", "1"):
        return "must not turn the check of certificates off; name your authority in egress.ca_file"
    wrong = sorted(set(options) & set(NOT_ALLOWED))
    return f"must not have the option {wrong[0]}" if wrong else None


def _options(query: str) -> dict[str, str]:
    """Raises ValueError."""
    given = parse_qsl(query, keep_blank_values=True)
    # Apprise reads their names in this way too.
    return {name.strip().lower(): value for name, value in given}
