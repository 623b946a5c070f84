"""What upkeep brings: backups, the queue's maintenance, export and erasure of a person."""

from buildos_box.feature import Feature, Listener
from buildos_box.upkeep import (
    backup_routes,
    doctor_routes,
    export_routes,
    queue_maintenance,
    reload_routes,
)
from buildos_box.upkeep.cron import BACKUP
from buildos_box.upkeep.erase_user import on_user_deleted
from buildos_box.upkeep.restore_drill import RESTORE_DRILL
from buildos_box.workspace.changes import UserDeleted

FEATURE = Feature(
    crons=(queue_maintenance.CLEANUP, queue_maintenance.QUEUE_ALERTS, BACKUP, RESTORE_DRILL),
    routes=(
        *backup_routes.ROUTES,
        *doctor_routes.ROUTES,
        *export_routes.ROUTES,
        *reload_routes.ROUTES,
    ),
    listeners=(Listener(UserDeleted, on_user_deleted),),
)
