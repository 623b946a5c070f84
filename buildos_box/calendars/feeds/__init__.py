"""Subscribed calendar feeds."""
