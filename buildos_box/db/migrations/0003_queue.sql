CREATE TABLE queue_jobs (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    queue_job_id     TEXT NOT NULL UNIQUE,
    user_id          TEXT,
    job_type         TEXT NOT NULL,
    lane             TEXT NOT NULL,
    status           TEXT NOT NULL CHECK (status IN
                     ('pending', 'processing', 'queued_for_retry', 'completed', 'failed', 'cancelled')),
    -- 1 while the job is pending and due: the only rows a claim looks at
    ready            INTEGER NOT NULL DEFAULT 0 CHECK (ready IN (0, 1)),
    priority         INTEGER NOT NULL CHECK (priority BETWEEN 1 AND 10),
    attempts         INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    max_attempts     INTEGER NOT NULL CHECK (max_attempts >= 1),
    scheduled_for    TEXT NOT NULL,
    expires_at       TEXT,
    created_at       TEXT NOT NULL,
    started_at       TEXT,
    completed_at     TEXT,
    updated_at       TEXT NOT NULL,
    dedup_key        TEXT,
    metadata         TEXT NOT NULL,
    result           TEXT,
    error            TEXT,
    error_kind       TEXT,
    error_code       TEXT,
    progress         TEXT,
    lease_token      TEXT,
    lease_expires_at TEXT,
    correlation_id   TEXT NOT NULL,
    cancel_reason    TEXT,
    CHECK ((completed_at IS NOT NULL) = (status IN ('completed', 'failed', 'cancelled'))),
    CHECK ((lease_token IS NOT NULL) = (status = 'processing')),
    CHECK ((lease_token IS NULL) = (lease_expires_at IS NULL)),
    CHECK (ready = 0 OR status = 'pending')
) STRICT;

CREATE UNIQUE INDEX queue_jobs_live_key ON queue_jobs (dedup_key)
    WHERE completed_at IS NULL AND dedup_key IS NOT NULL;
CREATE INDEX queue_jobs_ready ON queue_jobs (lane, priority, scheduled_for, id) WHERE ready = 1;
CREATE INDEX queue_jobs_ready_user ON queue_jobs (lane, user_id) WHERE ready = 1;
CREATE INDEX queue_jobs_waiting ON queue_jobs (scheduled_for)
    WHERE ready = 0 AND status IN ('pending', 'queued_for_retry');
CREATE INDEX queue_jobs_running ON queue_jobs (lane, user_id) WHERE status = 'processing';
CREATE INDEX queue_jobs_finished ON queue_jobs (job_type, status, completed_at)
    WHERE completed_at IS NOT NULL;
CREATE INDEX queue_jobs_live ON queue_jobs (job_type, status) WHERE completed_at IS NULL;
CREATE INDEX queue_jobs_user ON queue_jobs (user_id, id) WHERE user_id IS NOT NULL;

CREATE TABLE job_attempts (
    id         INTEGER PRIMARY KEY,
    job_id     INTEGER NOT NULL REFERENCES queue_jobs (id) ON DELETE CASCADE,
    number     INTEGER NOT NULL,
    worker     TEXT NOT NULL,
    started_at TEXT NOT NULL,
    ended_at   TEXT,
    outcome    TEXT NOT NULL CHECK (outcome IN
               ('running', 'completed', 'retry', 'failed', 'cancelled', 'timed_out', 'lost',
                'snoozed', 'drained')),
    error_kind TEXT,
    error_code TEXT,
    error      TEXT,
    stack      TEXT,
    CHECK ((ended_at IS NULL) = (outcome = 'running'))
) STRICT;
CREATE INDEX job_attempts_job ON job_attempts (job_id, number);

CREATE TABLE job_events (
    id          INTEGER PRIMARY KEY,
    job_id      INTEGER NOT NULL REFERENCES queue_jobs (id) ON DELETE CASCADE,
    from_status TEXT,
    to_status   TEXT NOT NULL,
    reason      TEXT NOT NULL,
    actor       TEXT NOT NULL,
    at          TEXT NOT NULL
) STRICT;
CREATE INDEX job_events_job ON job_events (job_id);

CREATE TABLE job_steps (
    job_id INTEGER NOT NULL REFERENCES queue_jobs (id) ON DELETE CASCADE,
    step   TEXT NOT NULL,
    value  TEXT NOT NULL,
    PRIMARY KEY (job_id, step)
) STRICT, WITHOUT ROWID;

CREATE TABLE effects (
    key         TEXT PRIMARY KEY,
    kind        TEXT NOT NULL,
    job_id      TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('intent', 'done', 'refused')),
    tries       INTEGER NOT NULL DEFAULT 1,
    provider_id TEXT,
    intent_at   TEXT NOT NULL,
    settled_at  TEXT,
    CHECK ((settled_at IS NULL) = (state = 'intent'))
) STRICT, WITHOUT ROWID;

CREATE TABLE queue_pauses (
    kind  TEXT NOT NULL CHECK (kind IN ('lane', 'type', 'all')),
    name  TEXT NOT NULL,
    actor TEXT NOT NULL,
    since TEXT NOT NULL,
    PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE cron_runs (
    id         INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,
    due        TEXT NOT NULL,
    cause      TEXT NOT NULL CHECK (cause IN ('schedule', 'catch_up', 'by_hand')),
    actor      TEXT NOT NULL,
    started_at TEXT NOT NULL,
    ended_at   TEXT,
    status     TEXT NOT NULL CHECK (status IN ('running', 'completed', 'failed', 'lost')),
    summary    TEXT,
    error      TEXT,
    CHECK ((ended_at IS NULL) = (status = 'running'))
) STRICT;
CREATE UNIQUE INDEX cron_runs_running ON cron_runs (name) WHERE status = 'running';
CREATE INDEX cron_runs_name ON cron_runs (name, due);

CREATE TABLE lane_starts (
    lane       TEXT NOT NULL,
    started_at TEXT NOT NULL,
    job_id     INTEGER NOT NULL,
    PRIMARY KEY (lane, started_at, job_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE queue_jobs_archive (
    queue_job_id TEXT PRIMARY KEY,
    user_id      TEXT,
    job_type     TEXT NOT NULL,
    status       TEXT NOT NULL,
    created_at   TEXT NOT NULL,
    completed_at TEXT NOT NULL,
    archived_at  TEXT NOT NULL,
    job          TEXT NOT NULL,
    attempts     TEXT NOT NULL,
    events       TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX queue_jobs_archive_user ON queue_jobs_archive (user_id, created_at);

CREATE TABLE queue_alerts (
    kind      TEXT PRIMARY KEY,
    raised_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
