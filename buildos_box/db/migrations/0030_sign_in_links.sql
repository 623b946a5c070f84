-- Links that open a person's page once. Only a keyed hash of the code is kept.
CREATE TABLE sign_in_links (
    hash       BLOB PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    expires_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sign_in_links_expires ON sign_in_links (expires_at);
CREATE INDEX sign_in_links_user ON sign_in_links (user_id);
