"""The colours and background of a terminal, read from its environment."""

from collections.abc import Mapping

LIGHT_GROUNDS = frozenset({"7", "15"})


def theme_for(env: Mapping[str, str]) -> str:
    """The theme to start with.

    Terminals of 16 colours get one of their own 16 colours. `COLORFGBG` (set by rxvt, Konsole and
    others) ends in the number of the background's colour.
    """
    ground = env.get("COLORFGBG", "").rpartition(";")[2]
    shade = "light" if ground in LIGHT_GROUNDS else "dark"
    return f"{'textual' if _is_rich(env) else 'ansi'}-{shade}"


def _is_rich(env: Mapping[str, str]) -> bool:
    term = env.get("TERM", "")
    return env.get("COLORTERM", "").lower() in ("truecolor", "24bit") or term.endswith(
        ("-256color", "-direct", "kitty")
    )


def other(theme: str) -> str:
    """The same theme for the opposite background."""
    if theme.endswith("-light"):
        return theme.removesuffix("-light") + "-dark"
    return theme.removesuffix("-dark") + "-light" if theme.endswith("-dark") else "textual-light"
