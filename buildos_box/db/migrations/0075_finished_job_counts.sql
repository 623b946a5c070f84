-- How many finished jobs there are of each type in each state, kept by the commit that finishes, reopens
-- or deletes one: counting them anew takes longer the longer a box has been in use. Live jobs are few, and
-- counted by their index.
CREATE TABLE finished_job_counts (
    job_type TEXT NOT NULL,
    status   TEXT NOT NULL,
    count    INTEGER NOT NULL,
    PRIMARY KEY (job_type, status)
) STRICT, WITHOUT ROWID;

INSERT INTO finished_job_counts (job_type, status, count)
SELECT job_type, status, count(*) FROM queue_jobs
 WHERE completed_at IS NOT NULL GROUP BY job_type, status;

CREATE TRIGGER queue_jobs_added_finished AFTER INSERT ON queue_jobs WHEN NEW.completed_at IS NOT NULL
BEGIN
    INSERT INTO finished_job_counts (job_type, status, count) VALUES (NEW.job_type, NEW.status, 1)
        ON CONFLICT DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER queue_jobs_reopened AFTER UPDATE OF completed_at ON queue_jobs
WHEN OLD.completed_at IS NOT NULL
BEGIN
    UPDATE finished_job_counts SET count = count - 1
     WHERE job_type = OLD.job_type AND status = OLD.status;
END;

CREATE TRIGGER queue_jobs_finished_one AFTER UPDATE OF completed_at ON queue_jobs
WHEN NEW.completed_at IS NOT NULL
BEGIN
    INSERT INTO finished_job_counts (job_type, status, count) VALUES (NEW.job_type, NEW.status, 1)
        ON CONFLICT DO UPDATE SET count = count + 1;
END;

CREATE TRIGGER queue_jobs_deleted_finished AFTER DELETE ON queue_jobs WHEN OLD.completed_at IS NOT NULL
BEGIN
    UPDATE finished_job_counts SET count = count - 1
     WHERE job_type = OLD.job_type AND status = OLD.status;
END;
