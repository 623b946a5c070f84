"""News for people's screens: a book of events, and streams that tell of them.

The rules: docs/spec.md#realtime.
"""
