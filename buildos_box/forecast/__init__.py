"""What the box will do in the coming days, on today's data (spec 4)."""
