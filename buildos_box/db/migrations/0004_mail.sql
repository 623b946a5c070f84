CREATE TABLE emails (
    id             TEXT PRIMARY KEY,
    user_id        TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind           TEXT NOT NULL,
    brief_id       TEXT,
    subject        TEXT NOT NULL,
    body_markdown  TEXT NOT NULL,
    message_id     TEXT NOT NULL UNIQUE,
    tracking       INTEGER NOT NULL CHECK (tracking IN (0, 1)),
    status         TEXT NOT NULL CHECK (status IN
                   ('queued', 'sending', 'sent', 'failed', 'unknown', 'cancelled', 'skipped')),
    reason         TEXT,
    transport      TEXT,
    provider_id    TEXT,
    send_at        TEXT NOT NULL,
    sent_at        TEXT,
    correlation_id TEXT NOT NULL,
    created_at     TEXT NOT NULL,
    updated_at     TEXT NOT NULL,
    CHECK ((sent_at IS NOT NULL) = (status = 'sent'))
) STRICT;
CREATE INDEX emails_user ON emails (user_id, created_at);
CREATE INDEX emails_brief ON emails (brief_id) WHERE brief_id IS NOT NULL;

CREATE TABLE email_recipients (
    id                INTEGER PRIMARY KEY,
    email_id          TEXT NOT NULL REFERENCES emails (id) ON DELETE CASCADE,
    address           TEXT NOT NULL,
    tracking_id       TEXT NOT NULL UNIQUE,
    unsubscribe_hash  TEXT NOT NULL UNIQUE,
    opened_at         TEXT,
    open_count        INTEGER NOT NULL DEFAULT 0,
    clicked_at        TEXT,
    click_count       INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX email_recipients_email ON email_recipients (email_id);

CREATE TABLE email_links (
    id       INTEGER PRIMARY KEY,
    email_id TEXT NOT NULL REFERENCES emails (id) ON DELETE CASCADE,
    url      TEXT NOT NULL,
    UNIQUE (email_id, url)
) STRICT;

CREATE TABLE email_tracking_events (
    id           INTEGER PRIMARY KEY,
    recipient_id INTEGER NOT NULL REFERENCES email_recipients (id) ON DELETE CASCADE,
    kind         TEXT NOT NULL CHECK (kind IN ('opened', 'clicked')),
    link_id      INTEGER REFERENCES email_links (id) ON DELETE CASCADE,
    suspect      TEXT,
    at           TEXT NOT NULL
) STRICT;
CREATE INDEX email_tracking_events_recipient ON email_tracking_events (recipient_id, at);

CREATE TABLE email_logs (
    id       INTEGER PRIMARY KEY,
    email_id TEXT NOT NULL REFERENCES emails (id) ON DELETE CASCADE,
    status   TEXT NOT NULL,
    detail   TEXT,
    at       TEXT NOT NULL
) STRICT;
CREATE INDEX email_logs_email ON email_logs (email_id);

CREATE TABLE email_unsubscribes (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    scope   TEXT NOT NULL CHECK (scope IN ('briefs', 'notifications', 'all')),
    at      TEXT NOT NULL,
    PRIMARY KEY (user_id, scope)
) STRICT, WITHOUT ROWID;
