-- Outgoing webhooks: who subscribed, what happened, and what was delivered to whom
CREATE TABLE webhook_subscriptions (
    id              TEXT PRIMARY KEY,
    url             TEXT NOT NULL,
    masked_url      TEXT NOT NULL,
    events          TEXT NOT NULL,
    sealed_secret   TEXT NOT NULL,
    status          TEXT NOT NULL CHECK (status IN ('active', 'disabled')),
    failing_since   TEXT,
    last_error      TEXT,
    last_success_at TEXT,
    disabled_at     TEXT,
    created_at      TEXT NOT NULL
) STRICT;

CREATE TABLE webhook_events (
    seq            INTEGER PRIMARY KEY AUTOINCREMENT,
    id             TEXT NOT NULL UNIQUE,
    type           TEXT NOT NULL,
    user_id        TEXT,
    correlation_id TEXT,
    data           TEXT NOT NULL,
    body           TEXT,
    at             TEXT NOT NULL
) STRICT;
CREATE INDEX webhook_events_at ON webhook_events (at);
CREATE INDEX webhook_events_user ON webhook_events (user_id);

CREATE TABLE webhook_deliveries (
    seq              INTEGER PRIMARY KEY AUTOINCREMENT,
    id               TEXT NOT NULL UNIQUE,
    subscription_id  TEXT NOT NULL REFERENCES webhook_subscriptions (id) ON DELETE CASCADE,
    event_seq        INTEGER NOT NULL REFERENCES webhook_events (seq) ON DELETE CASCADE,
    user_id          TEXT,
    status           TEXT NOT NULL CHECK (status IN ('pending', 'sent', 'failed')),
    attempts         INTEGER NOT NULL DEFAULT 0,
    first_attempt_at TEXT,
    next_attempt_at  TEXT,
    http_status      INTEGER,
    error            TEXT,
    created_at       TEXT NOT NULL,
    updated_at       TEXT NOT NULL,
    sent_at          TEXT,
    UNIQUE (subscription_id, event_seq)
) STRICT;
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (subscription_id, user_id, event_seq)
 WHERE status = 'pending';
CREATE INDEX webhook_deliveries_event ON webhook_deliveries (event_seq);
