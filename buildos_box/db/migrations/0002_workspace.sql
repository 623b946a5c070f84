-- seq orders lists, newest last, and serves as their cursor
CREATE TABLE users (
    seq              INTEGER PRIMARY KEY AUTOINCREMENT,
    id               TEXT NOT NULL UNIQUE,
    email            TEXT,
    name             TEXT NOT NULL DEFAULT '',
    timezone         TEXT NOT NULL DEFAULT 'UTC',
    timezone_warning TEXT,
    country          TEXT CHECK (length(country) = 2),
    language         TEXT,
    last_visit_at    TEXT,
    email_tracking   INTEGER NOT NULL DEFAULT 1 CHECK (email_tracking IN (0, 1)),
    is_admin         INTEGER NOT NULL DEFAULT 0 CHECK (is_admin IN (0, 1)),
    created_at       TEXT NOT NULL,
    updated_at       TEXT NOT NULL
) STRICT;
CREATE INDEX users_admins ON users (id) WHERE is_admin = 1;

CREATE TABLE preferences (
    user_id           TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    is_active         INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
    frequency         TEXT NOT NULL DEFAULT 'daily'
                      CHECK (frequency IN ('daily', 'weekdays', 'weekly', 'custom')),
    day_of_week       INTEGER NOT NULL DEFAULT 1 CHECK (day_of_week BETWEEN 0 AND 6),
    days              TEXT CHECK (days IS NULL OR json_valid(days)),
    time_of_day       TEXT NOT NULL DEFAULT '09:00',
    email_daily_brief INTEGER NOT NULL DEFAULT 1 CHECK (email_daily_brief IN (0, 1)),
    sms_daily_brief   INTEGER NOT NULL DEFAULT 0 CHECK (sms_daily_brief IN (0, 1)),
    created_at        TEXT NOT NULL,
    updated_at        TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE projects (
    seq              INTEGER PRIMARY KEY AUTOINCREMENT,
    id               TEXT NOT NULL UNIQUE,
    user_id          TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name             TEXT NOT NULL,
    description      TEXT NOT NULL DEFAULT '',
    status           TEXT NOT NULL DEFAULT 'active'
                     CHECK (status IN ('active', 'paused', 'completed', 'archived')),
    start_date       TEXT,
    due_date         TEXT,
    phases_generated INTEGER NOT NULL DEFAULT 0 CHECK (phases_generated IN (0, 1)),
    created_at       TEXT NOT NULL,
    updated_at       TEXT NOT NULL
) STRICT;
CREATE INDEX projects_user ON projects (user_id, seq);

CREATE TABLE tasks (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT NOT NULL UNIQUE,
    project_id   TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    title        TEXT NOT NULL,
    description  TEXT NOT NULL DEFAULT '',
    status       TEXT NOT NULL DEFAULT 'todo'
                 CHECK (status IN ('todo', 'in_progress', 'blocked', 'done')),
    priority     TEXT NOT NULL DEFAULT 'medium'
                 CHECK (priority IN ('low', 'medium', 'high', 'urgent')),
    start_date   TEXT,
    due_date     TEXT,
    due_at       TEXT,
    completed_at TEXT,
    created_at   TEXT NOT NULL,
    updated_at   TEXT NOT NULL,
    CHECK (due_date IS NULL OR due_at IS NULL),
    CHECK ((completed_at IS NOT NULL) = (status = 'done'))
) STRICT;
CREATE INDEX tasks_project ON tasks (project_id, seq);
CREATE INDEX tasks_open ON tasks (project_id) WHERE completed_at IS NULL;
CREATE INDEX tasks_done ON tasks (project_id, completed_at) WHERE completed_at IS NOT NULL;

CREATE TABLE task_dependencies (
    task_id       TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    depends_on_id TEXT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    PRIMARY KEY (task_id, depends_on_id),
    CHECK (task_id <> depends_on_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX task_dependencies_reverse ON task_dependencies (depends_on_id);

CREATE TABLE notes (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT NOT NULL UNIQUE,
    project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    title      TEXT NOT NULL DEFAULT '',
    content    TEXT NOT NULL DEFAULT '',
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
CREATE INDEX notes_project ON notes (project_id, seq);
CREATE INDEX notes_latest ON notes (project_id, updated_at);

-- source is NULL for what came through the API, else names the import or feed
CREATE TABLE events (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT NOT NULL UNIQUE,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    title      TEXT NOT NULL,
    all_day    INTEGER NOT NULL DEFAULT 0 CHECK (all_day IN (0, 1)),
    start_at   TEXT,
    end_at     TEXT,
    start_date TEXT,
    end_date   TEXT,
    status     TEXT NOT NULL DEFAULT 'confirmed'
               CHECK (status IN ('confirmed', 'tentative', 'cancelled')),
    declined   INTEGER NOT NULL DEFAULT 0 CHECK (declined IN (0, 1)),
    location   TEXT,
    source     TEXT,
    feed_id    TEXT,
    feed_uid   TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    CHECK (CASE all_day
           WHEN 1 THEN start_date IS NOT NULL AND start_at IS NULL AND end_at IS NULL
           ELSE start_at IS NOT NULL AND start_date IS NULL AND end_date IS NULL END),
    CHECK (end_at IS NULL OR end_at >= start_at),
    CHECK (end_date IS NULL OR end_date >= start_date)
) STRICT;
CREATE INDEX events_user ON events (user_id, seq);
CREATE INDEX events_timed ON events (user_id, COALESCE(end_at, start_at)) WHERE all_day = 0;
CREATE INDEX events_all_day ON events (user_id, start_date) WHERE all_day = 1;
CREATE UNIQUE INDEX events_feed ON events (feed_id, feed_uid, COALESCE(start_at, start_date))
    WHERE feed_id IS NOT NULL;
