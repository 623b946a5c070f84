"""What will be sent in the coming days, on today's data (docs/spec.md#forecast)."""
