"""Calendars that people have elsewhere: files and subscribed feeds."""
