-- Accounts at CalDAV servers; the password is encrypted with the instance's key, and bound to its row
CREATE TABLE caldav_accounts (
    seq             INTEGER PRIMARY KEY AUTOINCREMENT,
    id              TEXT NOT NULL UNIQUE,
    user_id         TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name            TEXT NOT NULL,
    url             TEXT NOT NULL,
    home_url        TEXT NOT NULL,
    is_single       INTEGER NOT NULL DEFAULT 0 CHECK (is_single IN (0, 1)),
    username        TEXT NOT NULL,
    sealed_password TEXT NOT NULL,
    is_active       INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
    is_stopped      INTEGER NOT NULL DEFAULT 0 CHECK (is_stopped IN (0, 1)),
    failures        INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
    error           TEXT,
    next_sync_at    TEXT NOT NULL,
    last_sync_at    TEXT,
    last_success_at TEXT,
    created_at      TEXT NOT NULL,
    updated_at      TEXT NOT NULL,
    UNIQUE (user_id, home_url, username)
) STRICT;
CREATE INDEX caldav_accounts_due ON caldav_accounts (next_sync_at)
    WHERE is_active = 1 AND is_stopped = 0;

-- Their calendars and task lists. read_mark is what the server said of its state at the last reading
CREATE TABLE caldav_collections (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT NOT NULL UNIQUE,
    account_id   TEXT NOT NULL REFERENCES caldav_accounts (id) ON DELETE CASCADE,
    user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    url          TEXT NOT NULL,
    name         TEXT NOT NULL,
    has_events   INTEGER NOT NULL CHECK (has_events IN (0, 1)),
    has_todos    INTEGER NOT NULL CHECK (has_todos IN (0, 1)),
    reads_events INTEGER NOT NULL CHECK (reads_events IN (0, 1)),
    is_missing   INTEGER NOT NULL DEFAULT 0 CHECK (is_missing IN (0, 1)),
    read_mark    TEXT,
    read_at      TEXT,
    event_count  INTEGER NOT NULL DEFAULT 0,
    warnings     TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(warnings)),
    UNIQUE (account_id, url)
) STRICT;
CREATE INDEX caldav_collections_user ON caldav_collections (user_id);
