CREATE TABLE notification_preferences (
    user_id     TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    in_app      INTEGER NOT NULL DEFAULT 1 CHECK (in_app IN (0, 1)),
    push        INTEGER NOT NULL DEFAULT 1 CHECK (push IN (0, 1)),
    email       INTEGER NOT NULL DEFAULT 1 CHECK (email IN (0, 1)),
    sms         INTEGER NOT NULL DEFAULT 1 CHECK (sms IN (0, 1)),
    event_types TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(event_types)),
    dnd_start   TEXT,
    dnd_end     TEXT,
    hourly_cap  INTEGER CHECK (hourly_cap >= 0),
    daily_cap   INTEGER CHECK (daily_cap >= 0),
    updated_at  TEXT NOT NULL,
    CHECK ((dnd_start IS NULL) = (dnd_end IS NULL))
) STRICT, WITHOUT ROWID;

-- One for each thing told; in_inbox once its in-app delivery is made
CREATE TABLE notifications (
    seq            INTEGER PRIMARY KEY AUTOINCREMENT,
    id             TEXT NOT NULL UNIQUE,
    user_id        TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    event_type     TEXT NOT NULL,
    payload        TEXT NOT NULL CHECK (json_valid(payload)),
    title          TEXT NOT NULL,
    body           TEXT NOT NULL,
    action_url     TEXT NOT NULL,
    tag            TEXT NOT NULL,
    once_key       TEXT UNIQUE,
    stale_at       TEXT,
    in_inbox       INTEGER NOT NULL DEFAULT 0 CHECK (in_inbox IN (0, 1)),
    read_at        TEXT,
    correlation_id TEXT NOT NULL,
    created_at     TEXT NOT NULL
) STRICT;
CREATE INDEX notifications_inbox ON notifications (user_id, seq) WHERE in_inbox = 1;

CREATE TABLE push_subscriptions (
    seq           INTEGER PRIMARY KEY AUTOINCREMENT,
    id            TEXT NOT NULL UNIQUE,
    user_id       TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    endpoint      TEXT NOT NULL UNIQUE,
    p256dh        TEXT NOT NULL,
    auth          TEXT NOT NULL,
    active        INTEGER NOT NULL DEFAULT 1 CHECK (active IN (0, 1)),
    reason        TEXT,
    created_at    TEXT NOT NULL,
    last_sent_at  TEXT
) STRICT;
CREATE INDEX push_subscriptions_user ON push_subscriptions (user_id, seq);

-- One for each channel; for push one more for each subscription, below that of the channel
CREATE TABLE notification_deliveries (
    seq             INTEGER PRIMARY KEY AUTOINCREMENT,
    id              TEXT NOT NULL UNIQUE,
    notification_id TEXT NOT NULL REFERENCES notifications (id) ON DELETE CASCADE,
    user_id         TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    event_type      TEXT NOT NULL,
    channel         TEXT NOT NULL CHECK (channel IN ('in_app', 'push', 'email', 'sms')),
    subscription_id TEXT,
    status          TEXT NOT NULL DEFAULT 'pending' CHECK (status IN
                    ('pending', 'sent', 'delivered', 'failed', 'skipped', 'opened', 'clicked')),
    reason          TEXT,
    attempts        INTEGER NOT NULL DEFAULT 0,
    provider_id     TEXT,
    error           TEXT,
    correlation_id  TEXT NOT NULL,
    started_at      TEXT,
    sent_at         TEXT,
    created_at      TEXT NOT NULL,
    updated_at      TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX notification_deliveries_once
    ON notification_deliveries (notification_id, channel, COALESCE(subscription_id, ''));
CREATE INDEX notification_deliveries_user ON notification_deliveries (user_id, seq);
CREATE INDEX notification_deliveries_sent ON notification_deliveries (user_id, started_at)
    WHERE started_at IS NOT NULL;
CREATE INDEX tasks_due ON tasks (due_at) WHERE due_at IS NOT NULL AND completed_at IS NULL;
