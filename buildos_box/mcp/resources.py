"""What an assistant can read without a tool: briefs and projects."""

import re

from buildos_box.mcp.rest import Json, Refused, Rest

BRIEF = "buildos://users/{user}/briefs/{date}"
PROJECT = "buildos://users/{user}/projects/{project}"
_URI = re.compile(r"buildos://users/([^/]+)/(briefs|projects)/([^/]+)")
_NEWEST = 20


async def list_resources(rest: Rest, user: str) -> list[Json]:
    """The newest briefs and the projects of a user: `uri` and `name` each.

    Raises Refused.
    """
    briefs = (await rest.get("users", user, "briefs", limit=_NEWEST))["briefs"]
    projects = (await rest.get("users", user, "projects", limit=_NEWEST))["items"]
    return [
        _entry(BRIEF.format(user=user, date=brief["briefDate"]), f"Brief of {brief['briefDate']}")
        for brief in briefs
        if brief["summaryContent"]
    ] + [
        _entry(PROJECT.format(user=user, project=project["id"]), project["name"])
        for project in projects
    ]


def _entry(uri: str, name: str) -> Json:
    return {"uri": uri, "name": name}


async def read_resource(rest: Rest, uri: str) -> tuple[str, object]:
    """A resource's media type and content. Raises Refused."""
    match = _URI.fullmatch(uri)
    if match is None:
        raise Refused(f"there is no resource {uri}")
    user, kind, name = match.groups()
    if kind == "briefs":
        brief = await rest.get("users", user, "briefs", name)
        return "text/markdown", brief["summaryContent"] or ""
    project = await rest.get("projects", name)
    if project["userId"] != user:
        raise Refused(f"there is no resource {uri}")
    tasks = (await rest.get("users", user, "tasks", project=name, limit=100))["items"]
    return "application/json", {"project": project, "tasks": tasks}
