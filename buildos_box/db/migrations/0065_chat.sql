-- Where a person's chat messages go, proved by a code that was sent there. The target is a secret:
-- who knows an ntfy topic or a Gotify token may write to it.
CREATE TABLE chat_addresses (
    user_id      TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    service      TEXT NOT NULL,
    target       TEXT NOT NULL,
    confirmed_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE chat_verifications (
    user_id    TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    service    TEXT NOT NULL,
    target     TEXT NOT NULL,
    code_id    TEXT NOT NULL,
    tries      INTEGER NOT NULL DEFAULT 0,
    expires_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

ALTER TABLE user_sms_preferences ADD COLUMN reminder_channel TEXT NOT NULL DEFAULT 'sms'
    CHECK (reminder_channel IN ('sms', 'chat'));
-- Over which channel a reminder was sent
ALTER TABLE scheduled_sms_messages ADD COLUMN channel TEXT NOT NULL DEFAULT 'sms'
    CHECK (channel IN ('sms', 'chat'));

ALTER TABLE notification_preferences ADD COLUMN chat INTEGER NOT NULL DEFAULT 1
    CHECK (chat IN (0, 1));
-- The channels that are tried in turn when one cannot deliver, as JSON: ["chat", "email"]
ALTER TABLE notification_preferences ADD COLUMN fallback TEXT NOT NULL DEFAULT '[]'
    CHECK (json_valid(fallback));

-- A check cannot be changed in place: the same table with one channel more.
CREATE TABLE notification_deliveries_new (
    seq             INTEGER PRIMARY KEY AUTOINCREMENT,
    id              TEXT NOT NULL UNIQUE,
    notification_id TEXT NOT NULL REFERENCES notifications (id) ON DELETE CASCADE,
    user_id         TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    event_type      TEXT NOT NULL,
    channel         TEXT NOT NULL
                    CHECK (channel IN ('in_app', 'push', 'email', 'sms', 'chat')),
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
INSERT INTO notification_deliveries_new
       (seq, id, notification_id, user_id, event_type, channel, subscription_id, status, reason,
        attempts, provider_id, error, correlation_id, started_at, sent_at, created_at, updated_at)
SELECT seq, id, notification_id, user_id, event_type, channel, subscription_id, status, reason,
       attempts, provider_id, error, correlation_id, started_at, sent_at, created_at, updated_at
  FROM notification_deliveries;
DROP TABLE notification_deliveries;
ALTER TABLE notification_deliveries_new RENAME TO notification_deliveries;
CREATE UNIQUE INDEX notification_deliveries_once
    ON notification_deliveries (notification_id, channel, COALESCE(subscription_id, ''));
CREATE INDEX notification_deliveries_user ON notification_deliveries (user_id, seq);
CREATE INDEX notification_deliveries_sent ON notification_deliveries (user_id, started_at)
    WHERE started_at IS NOT NULL;
CREATE INDEX notification_deliveries_provider ON notification_deliveries (channel, provider_id)
    WHERE provider_id IS NOT NULL;
