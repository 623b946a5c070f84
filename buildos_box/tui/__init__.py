"""The terminal dashboard: everything a box does, live, over its API alone."""
