-- The analysis of a new user: the newest one replaces the one before.
CREATE TABLE onboarding_analysis (
    user_id      TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    id           TEXT NOT NULL UNIQUE,
    job_id       TEXT NOT NULL,
    result       TEXT NOT NULL CHECK (json_valid(result)),
    source       TEXT NOT NULL,
    why_built_in TEXT,
    tokens_in    INTEGER NOT NULL DEFAULT 0,
    tokens_out   INTEGER NOT NULL DEFAULT 0,
    cost_usd     REAL NOT NULL DEFAULT 0,
    completed_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

ALTER TABLE users ADD COLUMN onboarding_analyzed_at TEXT;
