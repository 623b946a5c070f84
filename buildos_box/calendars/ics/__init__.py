"""iCalendar (RFC 5545) files, read into workspace items."""
