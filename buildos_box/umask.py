"""The umask of every process of this program."""

OWNER_ONLY = 0o077
