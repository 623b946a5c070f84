-- Retries bounded by time: until when, and how many attempts ended in such a retry
ALTER TABLE queue_jobs ADD COLUMN retry_until TEXT;
ALTER TABLE queue_jobs ADD COLUMN deferred INTEGER NOT NULL DEFAULT 0 CHECK (deferred >= 0);
