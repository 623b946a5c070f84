-- How often a job has lost its worker; at most one job that was lost twice runs at a time
ALTER TABLE queue_jobs ADD COLUMN losses INTEGER NOT NULL DEFAULT 0 CHECK (losses >= 0);
ALTER TABLE queue_jobs ADD COLUMN losses_as_suspect INTEGER NOT NULL DEFAULT 0
    CHECK (losses_as_suspect BETWEEN 0 AND losses);
