"""What the weather brings: the places of people."""

from buildos_box.feature import Feature
from buildos_box.weather.routes import ROUTES

FEATURE = Feature(routes=ROUTES)
