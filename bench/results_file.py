"""RESULTS.md by parts: each bench replaces the one under its own heading and leaves the others."""

import re
from pathlib import Path

RESULTS = Path(__file__).resolve().parent / "RESULTS.md"
_HEADING = re.compile(r"^# ", re.MULTILINE)


def met_or_missed(met: bool) -> str:
    """What a table says of a target."""
    return "met" if met else "**missed**"


def put(path: Path, text: str) -> None:
    """Write the part that begins with `# Title`, in place of the one with that title."""
    title = text.splitlines()[0]
    old = path.read_text("utf-8") if path.exists() else ""
    starts = [match.start() for match in _HEADING.finditer(old)]
    ends = [*starts[1:], len(old)] if starts else []
    parts = [old[start:end].strip() for start, end in zip(starts, ends, strict=True)]
    found = [number for number, part in enumerate(parts) if part.splitlines()[0] == title]
    if found:
        parts[found[0]] = text.strip()
    else:
        parts.append(text.strip())
    path.write_text("\n\n".join(parts) + "\n", "utf-8")
