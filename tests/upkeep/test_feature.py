"""What upkeep brings into a box: its crons and its routes."""

from buildos_box.upkeep.feature import FEATURE
from buildos_box.upkeep.reload_routes import ROUTES
from tests.world import BoxWorld


async def test_a_box_has_its_crons_and_routes(box: BoxWorld) -> None:
    crons = {cron.name for cron in FEATURE.crons}
    assert {"cleanup", "queue_alerts", "backup", "restore_drill"} == crons
    assert crons <= box.box.cron_registry.crons.keys()
    assert {*ROUTES} <= {*FEATURE.routes}
    paths = (await box.get("/docs/openapi.json"))["paths"]
    assert {"/configuration/changes", "/configuration/reload", "/backup"} <= paths.keys()
