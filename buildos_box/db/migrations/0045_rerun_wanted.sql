-- A job that is requested again while it runs runs once more when it is done
ALTER TABLE queue_jobs ADD COLUMN rerun_wanted INTEGER NOT NULL DEFAULT 0
    CHECK (rerun_wanted IN (0, 1));
