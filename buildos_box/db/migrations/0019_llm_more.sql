-- Only filled if llm.store_prompts asks for it
CREATE TABLE llm_prompts (
    call_id INTEGER PRIMARY KEY REFERENCES llm_calls (id) ON DELETE CASCADE,
    system  TEXT NOT NULL,
    turns   TEXT NOT NULL,
    answer  TEXT NOT NULL
) STRICT;

CREATE TABLE llm_alerts (
    kind    TEXT PRIMARY KEY,
    told_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
