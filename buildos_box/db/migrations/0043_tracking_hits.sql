-- How many opens and clicks of a recipient are stored: past a bound no more are.
ALTER TABLE email_recipients ADD COLUMN hits INTEGER NOT NULL DEFAULT 0;
UPDATE email_recipients
   SET hits = (SELECT count(*) FROM email_tracking_events e WHERE e.recipient_id = email_recipients.id)
 WHERE id IN (SELECT recipient_id FROM email_tracking_events);
