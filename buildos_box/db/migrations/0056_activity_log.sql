-- The audit trail under the name and in the shape of the original's table: who did what to whose job
CREATE VIEW activity_log AS
SELECT job_events.id AS id, user_id, job_type AS activity_type, to_status AS status,
       reason AS description, actor, queue_job_id, correlation_id,
       iif(to_status = 'completed', result, NULL) AS details, at AS created_at
  FROM job_events JOIN queue_jobs ON queue_jobs.id = job_events.job_id;
