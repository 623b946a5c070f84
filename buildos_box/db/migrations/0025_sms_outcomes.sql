-- When Twilio is asked next what became of a message and what it cost; none: no more
ALTER TABLE scheduled_sms_messages ADD COLUMN ask_at TEXT;
ALTER TABLE scheduled_sms_messages ADD COLUMN asked INTEGER NOT NULL DEFAULT 0;
CREATE INDEX scheduled_sms_messages_ask ON scheduled_sms_messages (ask_at)
    WHERE ask_at IS NOT NULL;
