-- Phases of a project: the newest plan replaces the one before.
CREATE TABLE phase_plans (
    project_id     TEXT PRIMARY KEY REFERENCES projects (id) ON DELETE CASCADE,
    job_id         TEXT NOT NULL,
    source         TEXT NOT NULL,
    why_built_in   TEXT,
    prompt_version TEXT NOT NULL,
    repairs        TEXT NOT NULL CHECK (json_valid(repairs)),
    cycles         TEXT NOT NULL CHECK (json_valid(cycles)),
    tokens_in      INTEGER NOT NULL DEFAULT 0,
    tokens_out     INTEGER NOT NULL DEFAULT 0,
    cost_usd       REAL NOT NULL DEFAULT 0,
    generated_at   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE phases (
    id          TEXT PRIMARY KEY,
    project_id  TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    position    INTEGER NOT NULL,
    name        TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    start_date  TEXT,
    end_date    TEXT,
    created_at  TEXT NOT NULL,
    UNIQUE (project_id, position),
    CHECK (end_date >= start_date)
) STRICT, WITHOUT ROWID;

-- A task stands in one phase at most
CREATE TABLE phase_tasks (
    task_id  TEXT PRIMARY KEY REFERENCES tasks (id) ON DELETE CASCADE,
    phase_id TEXT NOT NULL REFERENCES phases (id) ON DELETE CASCADE,
    position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX phase_tasks_phase ON phase_tasks (phase_id, position);
