"""The terminal dashboard, over the API."""
