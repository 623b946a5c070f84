CREATE TABLE llm_calls (
    id             INTEGER PRIMARY KEY,
    job_id         TEXT,
    user_id        TEXT,
    correlation_id TEXT,
    purpose        TEXT NOT NULL,
    provider       TEXT NOT NULL,
    model          TEXT NOT NULL,
    outcome        TEXT NOT NULL,
    http_status    INTEGER,
    tokens_in      INTEGER NOT NULL,
    tokens_out     INTEGER NOT NULL,
    cost_usd       REAL NOT NULL,
    latency_ms     INTEGER NOT NULL,
    created_at     TEXT NOT NULL
) STRICT;
CREATE INDEX llm_calls_job ON llm_calls (job_id);
CREATE INDEX llm_calls_day ON llm_calls (created_at);
