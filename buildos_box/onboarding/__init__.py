"""The analysis of a new user (spec 10)."""
