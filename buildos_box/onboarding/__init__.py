"""The analysis of a new user (docs/spec.md#onboarding)."""
