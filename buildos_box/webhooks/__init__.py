"""Outgoing webhooks: events delivered to subscribed addresses (docs/spec.md#webhooks)."""
