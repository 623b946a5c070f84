-- How many rows of each list a user has, and how many bytes of text: kept with every write, so that
-- a limit is looked up and not counted
CREATE TABLE user_storage (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    list    TEXT NOT NULL,
    rows    INTEGER NOT NULL,
    bytes   INTEGER NOT NULL,
    PRIMARY KEY (user_id, list)
) STRICT, WITHOUT ROWID;

INSERT INTO user_storage (user_id, list, rows, bytes)
SELECT user_id, 'projects', count(*), sum(
           length(CAST(id AS BLOB)) + length(CAST(user_id AS BLOB)) + length(CAST(name AS BLOB))
           + length(CAST(description AS BLOB)) + length(status)
           + coalesce(length(start_date), 0) + coalesce(length(due_date), 0))
  FROM projects GROUP BY user_id;

INSERT INTO user_storage (user_id, list, rows, bytes)
SELECT p.user_id, 'tasks', count(*), sum(
           length(CAST(t.id AS BLOB)) + length(CAST(t.project_id AS BLOB))
           + length(CAST(t.title AS BLOB)) + length(CAST(t.description AS BLOB))
           + length(t.status) + length(t.priority) + coalesce(length(t.start_date), 0)
           + coalesce(length(t.due_date), 0) + coalesce(length(t.due_at), 0)
           + coalesce(length(t.completed_at), 0))
  FROM projects p JOIN tasks t ON t.project_id = p.id GROUP BY p.user_id;

INSERT INTO user_storage (user_id, list, rows, bytes)
SELECT p.user_id, 'notes', count(*), sum(
           length(CAST(n.id AS BLOB)) + length(CAST(n.project_id AS BLOB))
           + length(CAST(n.title AS BLOB)) + length(CAST(n.content AS BLOB))
           + length(n.updated_at))
  FROM projects p JOIN notes n ON n.project_id = p.id GROUP BY p.user_id;

INSERT INTO user_storage (user_id, list, rows, bytes)
SELECT user_id, 'events', count(*), sum(
           length(CAST(id AS BLOB)) + length(CAST(user_id AS BLOB)) + length(CAST(title AS BLOB))
           + coalesce(length(start_at), 0) + coalesce(length(end_at), 0)
           + coalesce(length(start_date), 0) + coalesce(length(end_date), 0) + length(status)
           + coalesce(length(CAST(location AS BLOB)), 0))
  FROM events GROUP BY user_id;

INSERT INTO user_storage (user_id, list, rows, bytes)
SELECT p.user_id, 'taskDependencies', count(*), 0
  FROM projects p JOIN tasks t ON t.project_id = p.id
  JOIN task_dependencies d ON d.task_id = t.id GROUP BY p.user_id;
