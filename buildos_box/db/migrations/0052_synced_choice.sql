-- What /sync said last of emailDailyBrief, so that repeating it changes nothing.
-- A user whose unsubscribing was taken from the preferences is one of whom it said false.
ALTER TABLE preferences ADD COLUMN email_daily_brief_synced INTEGER NOT NULL DEFAULT 1
      CHECK (email_daily_brief_synced IN (0, 1));
UPDATE preferences SET email_daily_brief_synced = 0
 WHERE email_daily_brief = 0 AND EXISTS
       (SELECT 1 FROM email_unsubscribes u
         WHERE u.user_id = preferences.user_id AND u.scope = 'briefs'
           AND u.at = preferences.updated_at);
