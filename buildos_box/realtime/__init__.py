"""Realtime events: stored for a day, and delivered to open streams (docs/spec.md#realtime)."""
