-- What a message was asked for as: the same words to the same number at the same given time are
-- the same message, so that a request whose answer was lost may be repeated.
ALTER TABLE scheduled_sms_messages ADD COLUMN asked_as TEXT;
CREATE INDEX scheduled_sms_messages_asked ON scheduled_sms_messages (user_id, asked_as)
    WHERE asked_as IS NOT NULL;
