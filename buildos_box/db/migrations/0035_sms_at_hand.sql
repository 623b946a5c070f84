-- What still waits and what is on its way is found without reading all that a person ever got.
CREATE INDEX scheduled_sms_messages_waiting ON scheduled_sms_messages (user_id, send_at)
    WHERE status = 'scheduled';
CREATE INDEX scheduled_sms_messages_sending ON scheduled_sms_messages (user_id)
    WHERE status = 'sending';
