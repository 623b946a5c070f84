-- The queue's past in steps of a minute, ten minutes and an hour. `start` is in Unix seconds, which
-- take a third of the room of a text; `waits` and `runs` count durations by bucket.
CREATE TABLE queue_history (
    step      INTEGER NOT NULL CHECK (step IN (60, 600, 3600)),
    start     INTEGER NOT NULL,
    job_type  TEXT NOT NULL,
    lane      TEXT NOT NULL,
    done      INTEGER NOT NULL,
    failed    INTEGER NOT NULL,
    retried   INTEGER NOT NULL,
    cancelled INTEGER NOT NULL,
    waits     BLOB NOT NULL,
    runs      BLOB NOT NULL,
    PRIMARY KEY (step, start, job_type, lane)
) STRICT, WITHOUT ROWID;

-- By UTC day: there are many users.
CREATE TABLE queue_history_users (
    start     INTEGER NOT NULL,
    user_id   TEXT NOT NULL,
    done      INTEGER NOT NULL,
    failed    INTEGER NOT NULL,
    retried   INTEGER NOT NULL,
    cancelled INTEGER NOT NULL,
    PRIMARY KEY (start, user_id)
) STRICT, WITHOUT ROWID;

-- The last event of the audit trail that the history holds; earlier jobs are added from there.
CREATE TABLE queue_history_cursor (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    event_id INTEGER NOT NULL
) STRICT;
INSERT INTO queue_history_cursor (id, event_id) VALUES (1, 0);

CREATE TABLE llm_history (
    step       INTEGER NOT NULL CHECK (step IN (60, 3600)),
    start      INTEGER NOT NULL,
    purpose    TEXT NOT NULL,
    model      TEXT NOT NULL,
    calls      INTEGER NOT NULL,
    failed     INTEGER NOT NULL,
    tokens     INTEGER NOT NULL,
    cost_usd   REAL NOT NULL,
    PRIMARY KEY (step, start, purpose, model)
) STRICT, WITHOUT ROWID;
INSERT INTO llm_history (step, start, purpose, model, calls, failed, tokens, cost_usd)
SELECT 3600, CAST(strftime('%s', created_at) AS INTEGER) / 3600 * 3600, purpose,
       provider || ':' || model, count(*), sum(outcome <> 'ok'), sum(tokens_in + tokens_out),
       sum(cost_usd)
  FROM llm_calls WHERE outcome <> 'builtin' GROUP BY 2, 3, 4;

-- Counted by type and lane all the time: due now, for later, in retry.
DROP INDEX queue_jobs_live;
CREATE INDEX queue_jobs_live ON queue_jobs (job_type, status, ready) WHERE completed_at IS NULL;
DROP INDEX queue_jobs_waiting;
CREATE INDEX queue_jobs_waiting ON queue_jobs (scheduled_for, lane, status)
    WHERE ready = 0 AND status IN ('pending', 'queued_for_retry');
