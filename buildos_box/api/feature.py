"""What the API itself brings: jobs, queue, crons, tokens, health, metrics, language model usage."""

from buildos_box.api import (
    delivery_routes,
    health,
    history_routes,
    job_routes,
    llm_routes,
    log_routes,
    metrics_routes,
    operator_routes,
    queue_control_routes,
    queue_routes,
    token_routes,
)
from buildos_box.feature import Feature

FEATURE = Feature(
    routes=(
        *job_routes.ROUTES,
        *queue_routes.ROUTES,
        *queue_control_routes.ROUTES,
        *operator_routes.ROUTES,
        *token_routes.ROUTES,
        *health.ROUTES,
        *metrics_routes.ROUTES,
        *llm_routes.ROUTES,
        *log_routes.ROUTES,
        *history_routes.ROUTES,
        *delivery_routes.ROUTES,
    ),
)
