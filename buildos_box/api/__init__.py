"""The HTTP API: assembly, errors, correlation, documentation, health, jobs, queue."""
