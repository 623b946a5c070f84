-- A person has said when this reminder is to come: planning again does not move it.
ALTER TABLE scheduled_sms_messages ADD COLUMN time_given INTEGER NOT NULL DEFAULT 0;
