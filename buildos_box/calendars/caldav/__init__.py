"""Accounts at CalDAV servers (RFC 4791): their calendars are read."""
