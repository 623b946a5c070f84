-- a mail server has said for good that nobody is there; the address is in small letters
CREATE TABLE email_bounces (
    user_id  TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    address  TEXT NOT NULL,
    email_id TEXT REFERENCES emails (id) ON DELETE SET NULL,
    code     TEXT NOT NULL,
    reason   TEXT NOT NULL,
    at       TEXT NOT NULL,
    PRIMARY KEY (address, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX email_bounces_user ON email_bounces (user_id);
CREATE INDEX email_bounces_at ON email_bounces (at);
CREATE INDEX email_bounces_email ON email_bounces (email_id) WHERE email_id IS NOT NULL;
