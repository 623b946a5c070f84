-- A session names the token that opened it, and ends with it; it is good in the page's cookie alone.
ALTER TABLE tokens ADD COLUMN kind TEXT NOT NULL DEFAULT 'api' CHECK (kind IN ('api', 'session'));
ALTER TABLE tokens ADD COLUMN issued_by TEXT;
CREATE INDEX tokens_sessions ON tokens (scope, created_at) WHERE kind = 'session';
-- Nobody knows by now which token opened the sessions of earlier versions, or that it was allowed to.
UPDATE tokens
   SET kind = 'session',
       revoked_at = coalesce(revoked_at, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
 WHERE name = 'web page';

ALTER TABLE sign_in_links ADD COLUMN issued_by TEXT;

-- How many tickets of a token wait is counted before another is issued.
CREATE INDEX realtime_tickets_token ON realtime_tickets (token_id);
