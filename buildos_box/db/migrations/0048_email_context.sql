-- What a mail is about, for receivers of webhook mail
ALTER TABLE emails ADD COLUMN event_type TEXT NOT NULL DEFAULT 'brief.completed';
ALTER TABLE emails ADD COLUMN brief_date TEXT;
ALTER TABLE emails ADD COLUMN notification_id TEXT;
ALTER TABLE emails ADD COLUMN delivery_id TEXT;
UPDATE emails SET event_type = 'notification' WHERE kind = 'notification';
UPDATE emails SET brief_date = (SELECT brief_date FROM daily_briefs WHERE id = emails.brief_id)
 WHERE brief_id IS NOT NULL;
