"""Subscribed calendar feeds: fetched, compared, applied."""
