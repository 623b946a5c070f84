-- Tables and columns bear the names that the API and the code use
ALTER TABLE answered_requests RENAME TO idempotency_keys;
DROP INDEX answered_requests_at;
DROP INDEX answered_requests_user;
CREATE INDEX idempotency_keys_at ON idempotency_keys (at);
CREATE INDEX idempotency_keys_user ON idempotency_keys (user_id);
ALTER TABLE llm_alerts RENAME COLUMN told_at TO alerted_at;
ALTER TABLE effects RENAME COLUMN settled_at TO completed_at;
ALTER TABLE epochs RENAME COLUMN settled_at TO completed_at;
