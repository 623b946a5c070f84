-- Whether a message was cancelled by request: its reason may be the caller's own.
ALTER TABLE scheduled_sms_messages ADD COLUMN by_request INTEGER NOT NULL DEFAULT 0;
UPDATE scheduled_sms_messages SET by_request = 1
 WHERE status = 'cancelled' AND reason = 'cancelled by request';
CREATE INDEX scheduled_sms_messages_due ON scheduled_sms_messages (user_id, send_at, seq);
