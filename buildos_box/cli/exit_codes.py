"""What the command line answers the shell with; documented in the README."""

OK = 0
FAILED = 1
"""The box refused, or something did not work; the reason is on standard error."""
USAGE = 2
"""The command or the configuration is wrong."""
UNREACHABLE = 3
"""No box answers at that address."""
DENIED = 4
"""The token is missing, wrong, or not allowed to do this."""
