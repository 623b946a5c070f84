CREATE TABLE daily_briefs (
    id                      TEXT PRIMARY KEY,
    user_id                 TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    brief_date              TEXT NOT NULL,
    timezone                TEXT NOT NULL,
    generation_status       TEXT NOT NULL CHECK (generation_status IN
                            ('pending', 'processing', 'completed', 'failed')),
    job_id                  TEXT NOT NULL,
    generations             INTEGER NOT NULL DEFAULT 0,
    subject                 TEXT,
    summary_content         TEXT,
    llm_analysis            TEXT,
    analysis_source         TEXT,
    priority_actions        TEXT,
    counts                  TEXT,
    tokens_in               INTEGER NOT NULL DEFAULT 0,
    tokens_out              INTEGER NOT NULL DEFAULT 0,
    cost_usd                REAL NOT NULL DEFAULT 0,
    generation_started_at   TEXT NOT NULL,
    generation_completed_at TEXT,
    generation_error        TEXT,
    created_at              TEXT NOT NULL,
    updated_at              TEXT NOT NULL,
    UNIQUE (user_id, brief_date),
    CHECK (generation_status <> 'completed'
           OR (summary_content IS NOT NULL AND generation_completed_at IS NOT NULL))
) STRICT;

CREATE TABLE project_daily_briefs (
    brief_id   TEXT NOT NULL REFERENCES daily_briefs (id) ON DELETE CASCADE,
    project_id TEXT NOT NULL,
    position   INTEGER NOT NULL,
    title      TEXT NOT NULL,
    content    TEXT NOT NULL,
    PRIMARY KEY (brief_id, project_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE brief_schedule (
    user_id              TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    next_run_at          TEXT,
    last_decision        TEXT,
    last_notify_at       TEXT,
    last_reengagement_at TEXT,
    updated_at           TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX brief_schedule_due ON brief_schedule (next_run_at) WHERE next_run_at IS NOT NULL;

CREATE TABLE brief_skips (
    id        INTEGER PRIMARY KEY,
    user_id   TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    notify_at TEXT NOT NULL,
    reason    TEXT NOT NULL,
    at        TEXT NOT NULL
) STRICT;
CREATE INDEX brief_skips_user ON brief_skips (user_id, id);
