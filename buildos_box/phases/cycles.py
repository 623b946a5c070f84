"""Dependency cycles among tasks, and an order in which dependencies come first."""

from collections.abc import Mapping

from buildos_box.phases.model import PlanTask


def strongly_connected_components(known: Mapping[str, PlanTask]) -> list[list[str]]:
    """Groups of tasks that depend on each other, dependencies first (Tarjan, iterative)."""
    found: list[list[str]] = []
    seen: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    inside: set[str] = set()
    for root in sorted(known):
        if root in seen:
            continue
        walk = [(root, iter(sorted(known[root].after)))]
        seen[root] = low[root] = len(seen)
        stack.append(root)
        inside.add(root)
        while walk:
            here, rest = walk[-1]
            following = next((a for a in rest if a in known), None)
            if following is None:
                walk.pop()
                if walk:
                    low[walk[-1][0]] = min(low[walk[-1][0]], low[here])
                if low[here] == seen[here]:
                    group = stack[stack.index(here) :]
                    del stack[-len(group) :]
                    inside.difference_update(group)
                    found.append(group)
            elif following not in seen:
                seen[following] = low[following] = len(seen)
                stack.append(following)
                inside.add(following)
                walk.append((following, iter(sorted(known[following].after))))
            elif following in inside:
                low[here] = min(low[here], seen[following])
    return found


def named(groups: list[list[str]], known: Mapping[str, PlanTask]) -> tuple[tuple[str, ...], ...]:
    """The titles of the tasks of each cycle."""
    return tuple(
        tuple(known[t].title for t in sorted(group))
        for group in groups
        if len(group) > 1 or group[0] in known[group[0]].after
    )


def before(group: list[str], known: Mapping[str, PlanTask]) -> set[str]:
    """The tasks outside a group that the group depends on."""
    return {a for t in group for a in known[t].after if a in known} - set(group)
