"""The process's limit on open files."""

import resource


def raise_file_limit() -> int:
    """Raise the soft limit to the hard one; the number of files that may be open now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError):  # macOS refuses more than this.
            return soft
    return hard if hard != resource.RLIM_INFINITY else 1_000_000
