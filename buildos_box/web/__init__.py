"""The users' web page: its files, and signing in (docs/spec.md#page)."""
