-- Whether others wait is read off the line itself, which names each job's user, and remembered.
-- An index by user touched a page for nearly every job: a fifth of what a commit of many jobs wrote.
DROP INDEX queue_jobs_ready_user;
DROP INDEX queue_jobs_ready;
CREATE INDEX queue_jobs_ready ON queue_jobs (lane, priority, scheduled_for, id, user_id)
    WHERE ready = 1;
