-- When a task was moved to another day and when it was blocked: a brief tells both.
ALTER TABLE tasks ADD COLUMN due_changed_at TEXT;
ALTER TABLE tasks ADD COLUMN blocked_at TEXT;

ALTER TABLE preferences ADD COLUMN send_empty_briefs INTEGER NOT NULL DEFAULT 0
    CHECK (send_empty_briefs IN (0, 1));
ALTER TABLE preferences ADD COLUMN work_starts TEXT NOT NULL DEFAULT '09:00';
ALTER TABLE preferences ADD COLUMN work_ends TEXT NOT NULL DEFAULT '18:00';

-- A line's tasks, as JSON: [{"task_id": …, "line": …, "place": …}], lines counted from zero.
ALTER TABLE daily_briefs ADD COLUMN named_tasks TEXT;
ALTER TABLE daily_briefs ADD COLUMN preheader TEXT;
-- The lines that get a link to mark their task as done: [{"line": …, "task_id": …}]
ALTER TABLE emails ADD COLUMN task_lines TEXT;
ALTER TABLE emails ADD COLUMN preheader TEXT;

-- Links of mails that have been used: each works once.
CREATE TABLE used_links (
    hash       TEXT PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    used_at    TEXT NOT NULL,
    expires_at TEXT NOT NULL
) STRICT;
