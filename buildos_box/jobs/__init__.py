"""The durable queue: a ledger in SQLite, run by Huey. Knows nothing of briefs or mail."""
