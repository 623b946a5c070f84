-- How long before a task is due its reader is told; 0 for not at all
ALTER TABLE notification_preferences
    ADD COLUMN due_soon_minutes INTEGER NOT NULL DEFAULT 60
    CHECK (due_soon_minutes BETWEEN 0 AND 10080);

-- Tasks due on a day are looked for every quarter of an hour
CREATE INDEX tasks_due_day ON tasks (due_date) WHERE due_date IS NOT NULL AND completed_at IS NULL;
CREATE INDEX notifications_tag ON notifications (user_id, tag);
