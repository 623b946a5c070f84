"""Accounts at CalDAV servers (RFC 4791): calendars are read, task lists kept in step."""
