"""The durable queue: a ledger in SQLite, run by Huey. It depends on no job type."""
