"""The users' web page: its files, and how a person signs in to it (docs/spec.md#page)."""
