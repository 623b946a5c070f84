"""Phases of projects (spec 9)."""
