-- What was answered to a request that named an Idempotency-Key: repeated, it gets the same answer
CREATE TABLE answered_requests (
    token_id TEXT NOT NULL,
    key      TEXT NOT NULL,
    user_id  TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    request  TEXT NOT NULL,
    answer   TEXT NOT NULL,
    at       TEXT NOT NULL,
    PRIMARY KEY (token_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX answered_requests_at ON answered_requests (at);
CREATE INDEX answered_requests_user ON answered_requests (user_id);
