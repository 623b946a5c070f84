-- The job that made the brief as it stands; job_id is the one that writes it anew, if one does.
ALTER TABLE daily_briefs ADD COLUMN completed_job_id TEXT;
UPDATE daily_briefs SET completed_job_id = job_id WHERE generation_status = 'completed';
