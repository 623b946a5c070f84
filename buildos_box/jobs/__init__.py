"""The durable queue: a job store in SQLite, run by Huey. It depends on no job type."""
