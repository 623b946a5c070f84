-- One full-text index over what a person writes; owner is the user's id in hexadecimal
CREATE VIRTUAL TABLE workspace_search USING fts5 (
    owner, title, body, kind UNINDEXED, key UNINDEXED,
    tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
);
-- A row's number here is that of its table times four, and its kind: 0 project, 1 task, 2 note, 3 event
CREATE TRIGGER projects_search_new AFTER INSERT ON projects BEGIN
    INSERT INTO workspace_search (rowid, owner, title, body, kind, key)
    VALUES (new.seq * 4, hex(new.user_id), new.name, new.description, 'project', new.id);
END;
CREATE TRIGGER projects_search_changed AFTER UPDATE OF name, description ON projects
WHEN old.name <> new.name OR old.description <> new.description BEGIN
    UPDATE workspace_search SET title = new.name, body = new.description WHERE rowid = new.seq * 4;
END;
CREATE TRIGGER projects_search_gone AFTER DELETE ON projects BEGIN
    DELETE FROM workspace_search WHERE rowid = old.seq * 4;
END;

CREATE TRIGGER tasks_search_new AFTER INSERT ON tasks BEGIN
    INSERT INTO workspace_search (rowid, owner, title, body, kind, key)
    SELECT new.seq * 4 + 1, hex(user_id), new.title, new.description, 'task', new.id
      FROM projects WHERE id = new.project_id;
END;
CREATE TRIGGER tasks_search_changed AFTER UPDATE OF title, description ON tasks
WHEN old.title <> new.title OR old.description <> new.description BEGIN
    UPDATE workspace_search SET title = new.title, body = new.description
     WHERE rowid = new.seq * 4 + 1;
END;
CREATE TRIGGER tasks_search_gone AFTER DELETE ON tasks BEGIN
    DELETE FROM workspace_search WHERE rowid = old.seq * 4 + 1;
END;

CREATE TRIGGER notes_search_new AFTER INSERT ON notes BEGIN
    INSERT INTO workspace_search (rowid, owner, title, body, kind, key)
    SELECT new.seq * 4 + 2, hex(user_id), new.title, new.content, 'note', new.id
      FROM projects WHERE id = new.project_id;
END;
CREATE TRIGGER notes_search_changed AFTER UPDATE OF title, content ON notes
WHEN old.title <> new.title OR old.content <> new.content BEGIN
    UPDATE workspace_search SET title = new.title, body = new.content WHERE rowid = new.seq * 4 + 2;
END;
CREATE TRIGGER notes_search_gone AFTER DELETE ON notes BEGIN
    DELETE FROM workspace_search WHERE rowid = old.seq * 4 + 2;
END;

CREATE TRIGGER events_search_new AFTER INSERT ON events BEGIN
    INSERT INTO workspace_search (rowid, owner, title, body, kind, key)
    VALUES (new.seq * 4 + 3, hex(new.user_id), new.title, coalesce(new.location, ''), 'event', new.id);
END;
CREATE TRIGGER events_search_changed AFTER UPDATE OF title, location ON events
WHEN old.title <> new.title OR old.location IS NOT new.location BEGIN
    UPDATE workspace_search SET title = new.title, body = coalesce(new.location, '')
     WHERE rowid = new.seq * 4 + 3;
END;
CREATE TRIGGER events_search_gone AFTER DELETE ON events BEGIN
    DELETE FROM workspace_search WHERE rowid = old.seq * 4 + 3;
END;

INSERT INTO workspace_search (rowid, owner, title, body, kind, key)
SELECT seq * 4, hex(user_id), name, description, 'project', id FROM projects
UNION ALL
SELECT t.seq * 4 + 1, hex(p.user_id), t.title, t.description, 'task', t.id
  FROM tasks t JOIN projects p ON p.id = t.project_id
UNION ALL
SELECT n.seq * 4 + 2, hex(p.user_id), n.title, n.content, 'note', n.id
  FROM notes n JOIN projects p ON p.id = n.project_id
UNION ALL
SELECT seq * 4 + 3, hex(user_id), title, coalesce(location, ''), 'event', id FROM events;
