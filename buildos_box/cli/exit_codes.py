"""The exit codes of the command line."""

OK = 0
FAILED = 1
"""Refused or failed; the reason is on standard error."""
USAGE = 2
"""The command or the configuration is wrong."""
UNREACHABLE = 3
"""No server answers at that address."""
DENIED = 4
"""The token is missing, wrong, or not allowed to do this."""
