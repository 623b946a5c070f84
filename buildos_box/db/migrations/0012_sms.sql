-- What a person wants of SMS. Whether a number is verified or has opted out is the box's
-- to say, the rest is the person's.
CREATE TABLE user_sms_preferences (
    user_id                 TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    phone_number            TEXT CHECK (phone_number LIKE '+%'),
    phone_verified          INTEGER NOT NULL DEFAULT 0 CHECK (phone_verified IN (0, 1)),
    opted_out               INTEGER NOT NULL DEFAULT 0 CHECK (opted_out IN (0, 1)),
    event_reminders_enabled INTEGER NOT NULL DEFAULT 0 CHECK (event_reminders_enabled IN (0, 1)),
    lead_time_minutes       INTEGER NOT NULL DEFAULT 15
                            CHECK (lead_time_minutes BETWEEN 0 AND 1440),
    quiet_hours_start       TEXT,
    quiet_hours_end         TEXT,
    daily_limit             INTEGER NOT NULL DEFAULT 10 CHECK (daily_limit >= 0),
    created_at              TEXT NOT NULL,
    updated_at              TEXT NOT NULL,
    CHECK ((quiet_hours_start IS NULL) = (quiet_hours_end IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX user_sms_preferences_phone ON user_sms_preferences (phone_number)
    WHERE phone_number IS NOT NULL;

-- day is the user's local day
CREATE TABLE sms_daily_counts (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    day     TEXT NOT NULL,
    count   INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (user_id, day)
) STRICT, WITHOUT ROWID;

-- The next local midnight at which a user's day is planned, so that the cron reads only the due
CREATE TABLE sms_planning (
    user_id     TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    next_day    TEXT NOT NULL,
    next_at     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sms_planning_due ON sms_planning (next_at);

-- event_id has no reference: what was sent outlives its event
CREATE TABLE scheduled_sms_messages (
    seq            INTEGER PRIMARY KEY AUTOINCREMENT,
    id             TEXT NOT NULL UNIQUE,
    user_id        TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind           TEXT NOT NULL CHECK (kind IN ('reminder', 'message', 'notification', 'code')),
    event_id       TEXT,
    event_title    TEXT,
    event_start_at TEXT,
    event_end_at   TEXT,
    phone_number   TEXT,
    message        TEXT NOT NULL,
    message_source TEXT NOT NULL CHECK (message_source IN ('given', 'template', 'llm')),
    send_at        TEXT NOT NULL,
    expires_at     TEXT,
    status         TEXT NOT NULL CHECK (status IN
                   ('scheduled', 'sending', 'sent', 'delivered', 'undelivered', 'failed',
                    'unknown', 'cancelled', 'skipped')),
    reason         TEXT,
    twilio_sid     TEXT UNIQUE,
    error_code     INTEGER,
    segments       INTEGER,
    price          TEXT,
    price_unit     TEXT,
    delivery_id    TEXT,
    sending_since  TEXT,
    sent_at        TEXT,
    delivered_at   TEXT,
    correlation_id TEXT NOT NULL,
    created_at     TEXT NOT NULL,
    updated_at     TEXT NOT NULL,
    CHECK ((event_id IS NULL) = (event_start_at IS NULL)),
    CHECK ((kind = 'reminder') = (event_id IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX scheduled_sms_messages_reminder
    ON scheduled_sms_messages (user_id, event_id, event_start_at) WHERE event_id IS NOT NULL;
CREATE INDEX scheduled_sms_messages_event ON scheduled_sms_messages (event_id)
    WHERE event_id IS NOT NULL;
CREATE INDEX scheduled_sms_messages_user ON scheduled_sms_messages (user_id, seq);
CREATE INDEX scheduled_sms_messages_time ON scheduled_sms_messages (send_at);
CREATE INDEX scheduled_sms_messages_delivery ON scheduled_sms_messages (delivery_id)
    WHERE delivery_id IS NOT NULL;

-- Every callback that Twilio sent, with or without effect
CREATE TABLE sms_callbacks (
    id         INTEGER PRIMARY KEY,
    sms_id     TEXT NOT NULL REFERENCES scheduled_sms_messages (id) ON DELETE CASCADE,
    status     TEXT NOT NULL,
    error_code INTEGER,
    changed    INTEGER NOT NULL CHECK (changed IN (0, 1)),
    at         TEXT NOT NULL
) STRICT;
CREATE INDEX sms_callbacks_sms ON sms_callbacks (sms_id);

-- Words that people sent us: the word alone, never the text
CREATE TABLE sms_inbound (
    twilio_sid TEXT PRIMARY KEY,
    user_id    TEXT REFERENCES users (id) ON DELETE CASCADE,
    word       TEXT NOT NULL,
    at         TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The code itself is nowhere: it is made of the box's key and the id of its message
CREATE TABLE phone_verifications (
    user_id      TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    phone_number TEXT NOT NULL,
    sms_id       TEXT NOT NULL,
    tries        INTEGER NOT NULL DEFAULT 0,
    asked        INTEGER NOT NULL DEFAULT 1,
    asked_since  TEXT NOT NULL,
    expires_at   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- day is the UTC day. name is scheduled, sent, delivered, failed or skipped:<reason>
CREATE TABLE sms_metrics (
    day   TEXT NOT NULL,
    name  TEXT NOT NULL,
    count INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (day, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE sms_costs (
    day    TEXT NOT NULL,
    unit   TEXT NOT NULL,
    micros INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (day, unit)
) STRICT, WITHOUT ROWID;
