"""What the forecast brings: what will be sent in the coming days."""

from buildos_box.feature import Feature
from buildos_box.forecast import routes

FEATURE = Feature(
    routes=routes.ROUTES,
)
