"""What the workspace brings: the HTTP of users, projects, tasks, notes and events."""

from buildos_box.feature import Feature
from buildos_box.workspace import listeners, routes

FEATURE = Feature(
    routes=routes.ROUTES,
    listeners=listeners.LISTENERS,
)
