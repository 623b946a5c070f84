"""The HTTP API, put together: errors, correlation, documentation, health, jobs, queue."""
