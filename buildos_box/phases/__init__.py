"""Phases of projects (docs/spec.md#phases)."""
