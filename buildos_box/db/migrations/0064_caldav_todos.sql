-- The project whose tasks are a list's to-dos, and how far the list was read
ALTER TABLE caldav_collections ADD COLUMN project_id TEXT REFERENCES projects (id) ON DELETE SET NULL;
ALTER TABLE caldav_collections ADD COLUMN todo_token TEXT;
ALTER TABLE caldav_collections ADD COLUMN todo_count INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX caldav_collections_project ON caldav_collections (project_id)
    WHERE project_id IS NOT NULL;

-- Each to-do with its task. data is the server's text, there and here are what both held when they
-- were last the same; sent is what is on its way to the server, stored before it is sent, and
-- sent_here the task as it was then
CREATE TABLE caldav_todos (
    seq           INTEGER PRIMARY KEY AUTOINCREMENT,
    collection_id TEXT NOT NULL REFERENCES caldav_collections (id) ON DELETE CASCADE,
    user_id       TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    task_id       TEXT NOT NULL UNIQUE,
    uid           TEXT NOT NULL,
    url           TEXT NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('new', 'linked', 'deleted')),
    etag          TEXT,
    data          TEXT,
    there         TEXT CHECK (there IS NULL OR json_valid(there)),
    here          TEXT CHECK (here IS NULL OR json_valid(here)),
    sent          TEXT CHECK (sent IS NULL OR json_valid(sent)),
    sent_here     TEXT CHECK (sent_here IS NULL OR json_valid(sent_here)),
    UNIQUE (collection_id, url)
) STRICT;
CREATE INDEX caldav_todos_user ON caldav_todos (user_id);
