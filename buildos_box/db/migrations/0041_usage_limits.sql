-- What requests about a user have used of a day's limit; a new day begins anew at one
CREATE TABLE daily_usage (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name    TEXT NOT NULL,
    day     TEXT NOT NULL,
    count   INTEGER NOT NULL,
    PRIMARY KEY (user_id, name)
) STRICT, WITHOUT ROWID;

-- One row for each limit that a confirmation code counted against. digest is keyed, so that no
-- number, mail or IP address can be read from it; rows go after a day.
CREATE TABLE code_requests (
    id     INTEGER PRIMARY KEY,
    name   TEXT NOT NULL,
    digest TEXT NOT NULL,
    at     TEXT NOT NULL
) STRICT;
CREATE INDEX code_requests_digest ON code_requests (name, digest, at);
CREATE INDEX code_requests_at ON code_requests (at);

-- Phone codes are limited by code_requests from now on
ALTER TABLE phone_verifications DROP COLUMN asked;
ALTER TABLE phone_verifications DROP COLUMN asked_since;

-- What language models cost for one user today is asked before every call
CREATE INDEX llm_calls_user ON llm_calls (user_id, created_at) WHERE user_id IS NOT NULL;

-- An address that a user gives gets no mail but a code until the code comes back; those that were
-- there before count as confirmed
ALTER TABLE users ADD COLUMN email_confirmed INTEGER NOT NULL DEFAULT 1
    CHECK (email_confirmed IN (0, 1));

-- The code itself is not stored: it is made of the instance's key and the id
CREATE TABLE email_confirmations (
    user_id    TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    id         TEXT NOT NULL UNIQUE,
    address    TEXT NOT NULL,
    tries      INTEGER NOT NULL DEFAULT 0,
    expires_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
