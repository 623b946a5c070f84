"""Notifications over every channel, each delivery once (docs/spec.md#notifications)."""
