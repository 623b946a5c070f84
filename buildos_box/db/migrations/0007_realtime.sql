CREATE TABLE realtime_events (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id        TEXT,
    type           TEXT NOT NULL,
    data           TEXT NOT NULL,
    correlation_id TEXT,
    at             TEXT NOT NULL
) STRICT;
CREATE INDEX realtime_events_user ON realtime_events (user_id, id);
