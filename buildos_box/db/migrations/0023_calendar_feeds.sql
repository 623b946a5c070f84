-- the address of a feed is a secret: whoever has it reads the calendar
CREATE TABLE calendar_feeds (
    seq             INTEGER PRIMARY KEY AUTOINCREMENT,
    id              TEXT NOT NULL UNIQUE,
    user_id         TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name            TEXT NOT NULL,
    url             TEXT NOT NULL,
    is_active       INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
    etag            TEXT,
    last_modified   TEXT,
    failures        INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
    error           TEXT,
    event_count     INTEGER NOT NULL DEFAULT 0,
    warnings        TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(warnings)),
    next_sync_at    TEXT NOT NULL,
    last_sync_at    TEXT,
    last_success_at TEXT,
    last_read_at    TEXT,
    created_at      TEXT NOT NULL,
    updated_at      TEXT NOT NULL,
    UNIQUE (user_id, url)
) STRICT;
CREATE INDEX calendar_feeds_due ON calendar_feeds (next_sync_at) WHERE is_active = 1;
