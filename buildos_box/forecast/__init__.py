"""What the box will do in the coming days, on today's data (docs/spec.md#forecast)."""
