"""Notifications over every channel, each delivery once (spec 8)."""
