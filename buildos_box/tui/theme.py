"""How the dashboard looks: its layout, and the theme that fits the terminal."""

from collections.abc import Mapping

LIGHT_GROUNDS = frozenset({"7", "15"})
CSS = """
#status, #tabs, #trouble, #lines, .note, #cleanup-counts { height: auto; }
#status, #tabs, #stream, #lines, #more { text-wrap: nowrap; text-overflow: ellipsis; }
#chart-head, #chart-cursor { text-wrap: nowrap; text-overflow: ellipsis; }
#banner { display: none; height: auto; text-style: reverse; }
ContentSwitcher { height: 1fr; }
BaseScreen { height: 1fr; }
.stale { opacity: 60%; }

FilterInput { height: 1; border: none; background: $surface; }
#counts { height: auto; max-height: 11; }
.-tall #counts { max-height: 40%; }
#overview-main, #jobs-list { width: 1fr; }
#stream, #jobs-detail { display: none; }
.-wide #stream, .-widest #stream {
    display: block;
    width: 38;
    height: 1fr;
    border-left: solid $foreground 30%;
    padding-left: 1;
}
.-widest #stream { width: 56; }
.-widest #jobs-detail {
    display: block;
    width: 40%;
    border-left: solid $foreground 30%;
    padding-left: 1;
}
#more { height: 1fr; }
#chart-series { height: auto; max-height: 9; }

#jobs-table, #deliveries-table, #users-table, #stale, #next-briefs { height: 1fr; }
#forecast, #log-table { height: 1fr; }
#crons { height: auto; max-height: 60%; }
#cron-note { padding-bottom: 1; }
#log-note { height: 4; }
#cleanup-counts { padding-bottom: 1; }

.job-view { height: 1fr; }
.job-head { height: auto; padding-bottom: 1; }
.job-body { height: 1fr; }
.job-timeline, .job-data { width: 1fr; }
.job-timeline { border-right: solid $foreground 30%; }
.job-timeline:focus, .job-data:focus { background: $surface; }
.job-timeline > Static, .job-data > Static { height: auto; }
#jobs-detail .job-body { layout: vertical; }
#jobs-detail .job-timeline {
    border-right: none;
    border-bottom: solid $foreground 30%;
    height: 1fr;
    width: 100%;
}
#jobs-detail .job-data { height: 1fr; width: 100%; }
"""


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
