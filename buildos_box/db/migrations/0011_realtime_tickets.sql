-- What lets a browser open a stream once, since it cannot send a token with it.
CREATE TABLE realtime_tickets (
    hash       BLOB PRIMARY KEY,
    user_id    TEXT NOT NULL,
    token_id   TEXT NOT NULL,
    expires_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX realtime_events_at ON realtime_events (at);
