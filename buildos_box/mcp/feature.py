"""What assistants bring: the route that they speak to."""

from buildos_box.feature import Feature
from buildos_box.mcp import routes

FEATURE = Feature(
    routes=routes.ROUTES,
)
