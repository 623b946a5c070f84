-- email_daily_brief and the unsubscribing from briefs are one state; where they differ, mail is off.
INSERT INTO email_unsubscribes (user_id, scope, at)
SELECT p.user_id, 'briefs', p.updated_at FROM preferences p
 WHERE p.email_daily_brief = 0 AND NOT EXISTS
       (SELECT 1 FROM email_unsubscribes u
         WHERE u.user_id = p.user_id AND u.scope IN ('briefs', 'all'))
    ON CONFLICT DO NOTHING;
UPDATE preferences SET email_daily_brief = 0
 WHERE user_id IN (SELECT user_id FROM email_unsubscribes WHERE scope IN ('briefs', 'all'));
