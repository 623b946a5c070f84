"""Where a key stands in a TOML file."""

import re

_TABLE = re.compile(r"\s*\[\[?\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?")


_KEY = re.compile(r"""\s*([A-Za-z0-9_."'-]+?)\s*=""")


def line_of(text: str, key: str) -> int:
    """The line of that dotted key, or of the closest table around it; 1 if nothing is found."""
    table, best, best_length = "", 1, -1
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _TABLE.fullmatch(line):
            table = header[1].replace(" ", "")
            name = table
        elif assignment := _KEY.match(line):
            bare = assignment[1].replace('"', "").replace("'", "")
            name = f"{table}.{bare}" if table else bare
        else:
            continue
        around = key == name or key.startswith((f"{name}.", f"{name}["))
        if around and len(name) > best_length:
            best, best_length = number, len(name)
    return best
