-- What was answered to a request that named an Idempotency-Key: repeated, it gets the same answer
CREATE TABLE answered_requests (
    token_id TEXT NOT NULL,
    key      TEXT NOT NULL,
    request  TEXT NOT NULL,
    answer   TEXT NOT NULL,
    at       TEXT NOT NULL,
    PRIMARY KEY (token_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX answered_requests_at ON answered_requests (at);
