"""What the users' page brings: its sessions and sign-in links."""

from buildos_box.feature import Feature
from buildos_box.web import routes

FEATURE = Feature(
    routes=routes.ROUTES,
)
