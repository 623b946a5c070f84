-- A restored box begins a new epoch: what fell due before it is not sent again
CREATE TABLE epochs (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    started_at   TEXT NOT NULL,
    backup_at    TEXT,
    resume_sends INTEGER NOT NULL DEFAULT 0 CHECK (resume_sends IN (0, 1)),
    settled_at   TEXT
) STRICT;
